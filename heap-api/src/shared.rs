//! The trait of an allocator that threads share.

use crate::{AllocError, Extent, FreeError};
use core::alloc::Layout;
use core::ptr::NonNull;

/// An allocator that many threads use at once. [`Locked`](crate::Locked) makes one of any
/// [`RawAllocator`](crate::RawAllocator).
///
/// # Safety
///
/// As for [`RawAllocator`](crate::RawAllocator), whichever threads call; and a block may be freed by
/// another thread than the one that allocated it.
pub unsafe trait SharedAllocator: Sync {
    /// Hands out a block; see [`RawAllocator::allocate`](crate::RawAllocator::allocate).
    ///
    /// # Errors
    ///
    /// [`AllocError`], as there.
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError>;

    /// Takes a block back; see [`RawAllocator::deallocate`](crate::RawAllocator::deallocate).
    ///
    /// # Errors
    ///
    /// [`FreeError`], as there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError>;

    /// Moves a block to a new size; see [`RawAllocator::reallocate`](crate::RawAllocator::reallocate).
    ///
    /// # Errors
    ///
    /// [`AllocError`], as there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn reallocate(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Layout::from_size_align(new_size, old.align()).map_err(|_| AllocError)?;
        let moved = self.allocate(new)?;
        // SAFETY: both blocks are live and hold the count, and live blocks don't overlap.
        unsafe { block.copy_to_nonoverlapping(moved.cast(), old.size().min(new_size)) };
        // SAFETY: the caller's contract; see `RawAllocator::reallocate` for the ignored result.
        let _ = unsafe { self.deallocate(block, old) };
        Ok(moved)
    }

    /// Calls `visit` for every extent. Meant for a moment when no other thread is inside.
    fn walk(&self, visit: &mut dyn FnMut(Extent));
}

// SAFETY: every call goes to the allocator behind the reference, which keeps the contract.
unsafe impl<A: SharedAllocator + ?Sized> SharedAllocator for &A {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        (**self).allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { (**self).deallocate(block, layout) }
    }

    unsafe fn reallocate(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's contract is the same.
        unsafe { (**self).reallocate(block, old, new_size) }
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        (**self).walk(visit);
    }
}
