//! An atomic may be shared, and a cell may be sent.

use ps1_allocators::pool::PoolBox;
use std::cell::Cell;
use std::sync::atomic::AtomicU64;

fn shared<T: Sync>(_: &T) {}
fn sent<T: Send>(_: &T) {}

fn share(boxed: &PoolBox<'_, AtomicU64>, cell: &PoolBox<'_, Cell<u64>>) {
    shared(boxed);
    sent(cell);
}

fn main() {
    let _ = share;
}
