//! Two allocations at once, through two references, would need a lock.

use heap_api::RawAllocator;
use ps1_allocators::buddy::Buddy;
use std::alloc::Layout;

fn allocate(shared: &Buddy) {
    let _ = shared.allocate(Layout::new::<u64>()); //~ E0596
}

fn main() {
    let _ = allocate;
}
