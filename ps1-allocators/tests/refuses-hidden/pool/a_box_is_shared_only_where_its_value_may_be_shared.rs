//! Two threads that share a cell tear it, through a box too.

use ps1_allocators::pool::PoolBox;
use std::cell::Cell;

fn shared<T: Sync>(_: &T) {}

fn share(boxed: &PoolBox<'_, Cell<u64>>) {
    shared(boxed); //~ E0277
}

fn main() {
    let _ = share;
}
