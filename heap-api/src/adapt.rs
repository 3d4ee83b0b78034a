//! Carries a [`SharedAllocator`] to the standard collections.

use crate::SharedAllocator;
use allocator_api2::alloc::{AllocError, Allocator};
use core::alloc::Layout;
use core::ptr::NonNull;

/// Lets `allocator_api2`'s `Vec` and `Box`, and `hashbrown`'s maps, run on `A`.
///
/// It holds a reference, so that clones share one allocator, as [`Allocator`] demands. Size zero never
/// reaches `A`: such a block is dangling, as the raw traits refuse it.
#[derive(Debug)]
pub struct AllocatorOn<'a, A: ?Sized>(pub &'a A);

impl<A: ?Sized> Clone for AllocatorOn<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: ?Sized> Copy for AllocatorOn<'_, A> {}

/// A block of size zero: well aligned, never read.
fn dangling(layout: Layout) -> NonNull<[u8]> {
    NonNull::slice_from_raw_parts(NonNull::without_provenance(layout_align(layout)), 0)
}

fn layout_align(layout: Layout) -> core::num::NonZeroUsize {
    // A layout's alignment is a power of two, so never zero.
    core::num::NonZeroUsize::new(layout.align()).unwrap_or(core::num::NonZeroUsize::MIN)
}

// SAFETY: blocks are `A`'s and live until freed, whichever clone frees them, since clones share `A`.
unsafe impl<A: SharedAllocator + ?Sized> Allocator for AllocatorOn<'_, A> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(dangling(layout));
        }
        self.0.allocate(layout).map_err(|_| AllocError)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            // SAFETY: a block of a size above zero came from `A` for this layout. `Allocator` has nobody
            // to tell of an error, and the block is then simply not reused.
            let _ = unsafe { self.0.deallocate(ptr, layout) };
        }
    }

    unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.resize(ptr, old, new) }
    }

    unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.resize(ptr, old, new) }
    }
}

impl<A: SharedAllocator + ?Sized> AllocatorOn<'_, A> {
    /// `reallocate` keeps the alignment, so it serves only where `Allocator` asks for the same one.
    ///
    /// # Safety
    ///
    /// `ptr` is live and came from this allocator for `old`.
    unsafe fn resize(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if old.align() == new.align() && old.size() != 0 && new.size() != 0 {
            // SAFETY: the caller's contract, and the size is above zero, so the block is `A`'s.
            return unsafe { self.0.reallocate(ptr, old, new.size()) }.map_err(|_| AllocError);
        }
        let moved = Allocator::allocate(self, new)?;
        // SAFETY: both blocks hold the count, and live blocks don't overlap.
        unsafe { ptr.copy_to_nonoverlapping(moved.cast(), old.size().min(new.size())) };
        // SAFETY: the caller's contract.
        unsafe { Allocator::deallocate(self, ptr, old) };
        Ok(moved)
    }
}
