//! An atomic count may go anywhere.

use ps1_allocators::pool::PoolBox;
use std::sync::Arc;

fn sent<T: Send>(_: T) {}

fn send(boxed: PoolBox<'_, Arc<u64>>) {
    sent(boxed);
}

fn main() {
    let _ = send;
}
