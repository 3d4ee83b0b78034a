//! The allocators that students' answers are timed beside.

use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use ps1_allocators::MAX_ORDER;
use std::alloc::Layout;
use std::ptr::NonNull;

/// `buddy_system_allocator`'s heap: intrusive lists an order, of which a free searches one.
pub struct BuddySystem {
    heap: buddy_system_allocator::Heap<ORDERS>,
    /// Keeps the memory that `heap` hands out mapped.
    _region: Region,
}

/// The peer counts orders from single bytes: our largest block of `2^(4 + MAX_ORDER)` bytes is its order
/// `4 + MAX_ORDER`, and the number of orders is one more.
const ORDERS: usize = 4 + MAX_ORDER + 1;

impl BuddySystem {
    /// The peer over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        let mut heap = buddy_system_allocator::Heap::empty();
        // SAFETY: the region is writable, used by nobody else, and lives as long as the heap.
        unsafe { heap.init(region.base().as_ptr().expose_provenance(), region.len()) };
        Self { heap, _region: region }
    }
}

// SAFETY: `buddy_system_allocator` keeps the contract, and its blocks lie in the region, which stays.
unsafe impl RawAllocator for BuddySystem {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.heap.alloc(layout).map_err(|_| AllocError)?;
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.heap.dealloc(block, layout) };
        Ok(())
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}
