//! One at a time.

use heap_api::RawAllocator;
use ps1_allocators::buddy::Buddy;
use std::alloc::Layout;

fn allocate(own: &mut Buddy) {
    let _ = own.allocate(Layout::new::<u64>());
}

fn main() {
    let _ = allocate;
}
