//! The buddy system (skeleton comes from the solution).

use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// A buddy allocator over one region.
pub struct Buddy {}

impl Buddy {
    /// Takes over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        todo!("ps1.buddy.new: cover {region:?} with the largest aligned blocks")
    }
}

// SAFETY: nothing is served yet.
unsafe impl RawAllocator for Buddy {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        todo!("ps1.buddy.allocate: find a block for {layout:?}")
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("ps1.buddy.deallocate: take {block:?} of {layout:?} back")
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        let _ = visit;
        todo!("ps1.buddy.walk: report every block")
    }
}
