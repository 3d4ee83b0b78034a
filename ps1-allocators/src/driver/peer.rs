//! The allocators that students' answers are timed beside.

use heap_api::{AllocError, Extent, FreeError, Locked, RawAllocator, Region, SharedAllocator};
use ps1_allocators::MAX_ORDER;
use std::alloc::{GlobalAlloc, Layout};
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

/// The system's allocator, which has memory of its own.
pub struct System;

impl System {
    /// The peer; the region stays unused.
    pub fn new(_region: Region) -> Self {
        Self
    }
}

// SAFETY: `malloc` keeps the contract but for the region, which nobody asks of a peer that is timed anywhere.
unsafe impl RawAllocator for System {
    #[inline]
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: programs that are timed never ask for size zero.
        let block = unsafe { std::alloc::System.alloc(layout) };
        let block = NonNull::new(block).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(block, layout.size()))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { std::alloc::System.dealloc(block.as_ptr(), layout) };
        Ok(())
    }

    #[inline]
    unsafe fn reallocate(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's contract is the same.
        let moved = unsafe { std::alloc::System.realloc(block.as_ptr(), old, new_size) };
        Ok(NonNull::slice_from_raw_parts(NonNull::new(moved).ok_or(AllocError)?, new_size))
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}

/// [`LinkedList`] behind a mutex.
pub struct LockedList(Locked<LinkedList>);

impl LockedList {
    /// The peer over `region`, all of it free.
    pub fn new(region: Region) -> Self {
        Self(Locked::new(LinkedList::new(region)))
    }
}

// SAFETY: every call goes to the heap behind the lock, which keeps the contract.
unsafe impl RawAllocator for LockedList {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        SharedAllocator::allocate(&self.0, layout)
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { SharedAllocator::deallocate(&self.0, block, layout) }
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}

/// `linked_list_allocator`'s heap: one list of holes, sorted by address, first fit.
pub struct LinkedList {
    heap: linked_list_allocator::Heap,
    /// Keeps the memory that `heap` hands out mapped.
    _region: Region,
}

impl LinkedList {
    /// The peer over `region`, all of it free.
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
