//! A count of references that is no atomic must stay on its thread, in a box too.

use ps1_allocators::pool::PoolBox;
use std::rc::Rc;

fn sent<T: Send>(_: T) {}

fn send(boxed: PoolBox<'_, Rc<u64>>) {
    sent(boxed); //~ E0277
}

fn main() {
    let _ = send;
}
