//! Allocators from crates.io, each over a region of its own.

use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// `buddy_system_allocator`'s heap, with its largest block as large as the region.
pub struct BuddySystem {
    heap: buddy_system_allocator::Heap<48>,
    /// Keeps the memory that `heap` hands out mapped.
    _region: Region,
}

/// `rlsf`'s: two-level segregated fit.
pub struct Rlsf {
    heap: rlsf::Tlsf<'static, u32, u32, 28, 32>,
    _region: Region,
}

/// `talc`'s: bins and boundary tags.
pub struct Talc {
    heap: talc::base::Talc<talc::source::Manual, talc::DefaultBinning>,
    _region: Region,
}

impl BuddySystem {
    /// Over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        let mut heap = buddy_system_allocator::Heap::empty();
        // SAFETY: the region is writable, used by nobody else, and lives as long as the heap.
        unsafe { heap.init(region.base().as_ptr().expose_provenance(), region.len()) };
        Self { heap, _region: region }
    }
}

impl Rlsf {
    /// Over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        let mut heap = rlsf::Tlsf::new();
        let pool = NonNull::slice_from_raw_parts(region.base(), region.len());
        // SAFETY: the region is writable, used by nobody else, and lives as long as the heap.
        unsafe { heap.insert_free_block_ptr(pool) };
        Self { heap, _region: region }
    }
}

impl Talc {
    /// Over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        let mut heap = talc::base::Talc::new(talc::source::Manual);
        // SAFETY: the region is writable, used by nobody else, and lives as long as the heap.
        unsafe { heap.claim(region.base().as_ptr(), region.len()) };
        Self { heap, _region: region }
    }
}

fn sized(block: Option<NonNull<u8>>, size: usize) -> Result<NonNull<[u8]>, AllocError> {
    block.map(|block| NonNull::slice_from_raw_parts(block, size)).ok_or(AllocError)
}

// SAFETY: `buddy_system_allocator` keeps the contract, and its blocks lie in the region, which stays.
unsafe impl RawAllocator for BuddySystem {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        sized(self.heap.alloc(layout).ok(), layout.size())
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.heap.dealloc(block, layout) };
        Ok(())
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}

// SAFETY: `rlsf` keeps the contract, and its blocks lie in the region, which stays.
unsafe impl RawAllocator for Rlsf {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        sized(self.heap.allocate(layout), layout.size())
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.heap.deallocate(block, layout.align()) };
        Ok(())
    }

    unsafe fn reallocate(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Layout::from_size_align(new_size, old.align()).map_err(|_| AllocError)?;
        // SAFETY: the caller's contract is the same.
        sized(unsafe { self.heap.reallocate(block, new) }, new_size)
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}

// SAFETY: `talc` keeps the contract, and its blocks lie in the region, which stays.
unsafe impl RawAllocator for Talc {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Err(AllocError);
        }
        // SAFETY: the size is above zero.
        sized(unsafe { self.heap.allocate(layout) }, layout.size())
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.heap.deallocate(block.as_ptr(), layout) };
        Ok(())
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}
