//! A sound allocator that `compare` leaves out: its searches make a trace take minutes.

use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// `linked_list_allocator`'s heap: first fit over a list in address order.
pub struct LinkedList {
    heap: linked_list_allocator::Heap,
    /// Keeps the memory that `heap` hands out mapped.
    _region: Region,
}

impl LinkedList {
    /// Over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        // SAFETY: the region is writable, used by nobody else, and lives as long as the heap.
        let heap = unsafe { linked_list_allocator::Heap::new(region.base().as_ptr(), region.len()) };
        Self { heap, _region: region }
    }
}

// SAFETY: `linked_list_allocator` keeps the contract, and its blocks lie in the region, which stays.
unsafe impl RawAllocator for LinkedList {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let block = self.heap.allocate_first_fit(layout).map_err(|()| AllocError)?;
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.heap.deallocate(block, layout) };
        Ok(())
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}
