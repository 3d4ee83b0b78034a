//! Allocators from elsewhere, which answers are timed beside and which the workloads of 1.4 must not accuse.
//!
//! The driver and `compare` share this file.

use driverkit::pair::lock;
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region, SharedAllocator};
use std::alloc::{GlobalAlloc, Layout};
use std::ptr::NonNull;
use std::sync::Mutex;

/// `buddy_system_allocator`'s heap: intrusive lists, of which a free searches one. Its largest block has
/// `2^(ORDERS - 1)` bytes.
pub struct BuddySystem<const ORDERS: usize> {
    heap: buddy_system_allocator::Heap<ORDERS>,
    /// Keeps the memory that `heap` hands out mapped.
    _region: Region,
}

/// `linked_list_allocator`'s: one list of holes, sorted by address, first fit.
pub struct LinkedList {
    heap: linked_list_allocator::Heap,
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

/// A global allocator, which has memory of its own.
pub struct Global<G>(pub G);

/// [`LinkedList`] behind a lock for which threads spin.
pub struct LockedList(Mutex<LinkedList>);

/// A shared allocator that one thread uses.
pub struct Alone<A>(pub A);

impl<const ORDERS: usize> BuddySystem<ORDERS> {
    /// Over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        let mut heap = buddy_system_allocator::Heap::empty();
        // SAFETY: the region is writable, used by nobody else, and lives as long as the heap.
        unsafe { heap.init(region.base().as_ptr().expose_provenance(), region.len()) };
        Self { heap, _region: region }
    }
}

impl LinkedList {
    /// Over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        // SAFETY: the region is writable, used by nobody else, and lives as long as the heap.
        let heap = unsafe { linked_list_allocator::Heap::new(region.base().as_ptr(), region.len()) };
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

impl LockedList {
    /// Over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        Self(Mutex::new(LinkedList::new(region)))
    }
}

#[inline]
fn sized(block: Option<NonNull<u8>>, size: usize) -> Result<NonNull<[u8]>, AllocError> {
    block.map(|block| NonNull::slice_from_raw_parts(block, size)).ok_or(AllocError)
}

// SAFETY: `buddy_system_allocator` keeps the contract, and its blocks lie in the region, which stays.
unsafe impl<const ORDERS: usize> RawAllocator for BuddySystem<ORDERS> {
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

// SAFETY: `linked_list_allocator` keeps the contract, and its blocks lie in the region, which stays.
unsafe impl RawAllocator for LinkedList {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        sized(self.heap.allocate_first_fit(layout).ok(), layout.size())
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.heap.deallocate(block, layout) };
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

// SAFETY: a global allocator's contract is the same, but for blocks of size zero, which are refused here, and for
// the region, which nobody asks of it.
unsafe impl<G: GlobalAlloc + Sync> SharedAllocator for Global<G> {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Err(AllocError);
        }
        // SAFETY: the size is above zero.
        sized(NonNull::new(unsafe { self.0.alloc(layout) }), layout.size())
    }

    #[inline]
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.0.dealloc(block.as_ptr(), layout) };
        Ok(())
    }

    #[inline]
    unsafe fn reallocate(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if Layout::from_size_align(new_size, old.align()).is_err() || new_size == 0 {
            return Err(AllocError);
        }
        // SAFETY: the caller's contract is the same, and the new size is a layout's.
        sized(NonNull::new(unsafe { self.0.realloc(block.as_ptr(), old, new_size) }), new_size)
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}

// SAFETY: one thread is at the list at a time, which keeps the contract.
unsafe impl SharedAllocator for LockedList {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        lock(&self.0).allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { lock(&self.0).deallocate(block, layout) }
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}

// SAFETY: every call goes to the allocator inside, which keeps the contract whichever threads call.
unsafe impl<A: SharedAllocator> RawAllocator for Alone<A> {
    #[inline]
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.0.allocate(layout)
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.0.deallocate(block, layout) }
    }

    #[inline]
    unsafe fn reallocate(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.0.reallocate(block, old, new_size) }
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        self.0.walk(visit);
    }
}
