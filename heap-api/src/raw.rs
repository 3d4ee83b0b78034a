//! The trait that most exercises implement.

use crate::{AllocError, Extent, FreeError};
use core::alloc::Layout;
use core::ptr::NonNull;

/// An allocator that is used by one thread at a time.
///
/// # Safety
///
/// Whoever calls [`allocate`](Self::allocate) relies on the block: it lies in the allocator's region, is
/// at least as long as the layout's size and aligned to its alignment, shares no byte with any other live
/// block, and stays where it is until it is freed or reallocated. The allocator neither reads nor writes
/// it meanwhile.
pub unsafe trait RawAllocator {
    /// Hands out a block for `layout`. Its length may exceed `layout.size()`; all of it may be used.
    ///
    /// # Errors
    ///
    /// [`AllocError`] for size zero, for what the region cannot hold, and when it is exhausted. Never a
    /// panic, and never a size that wrapped.
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError>;

    /// Takes a block back.
    ///
    /// # Errors
    ///
    /// A [`FreeError`] where the allocator can tell that the contract was broken; it is then unchanged.
    ///
    /// # Safety
    ///
    /// `block` is live and came from this allocator for `layout`. (Exercises that must tell invalid frees
    /// are also called with what breaks this, within or outside the region; they must not touch memory
    /// at such an address.)
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError>;

    /// Moves a block to a new size, keeping the first `min(old.size(), new_size)` bytes.
    ///
    /// The default allocates, copies and frees; override it where the block can grow in place.
    ///
    /// # Errors
    ///
    /// [`AllocError`] as in [`allocate`](Self::allocate); the old block is then live and unchanged.
    ///
    /// # Safety
    ///
    /// As for [`deallocate`](Self::deallocate).
    unsafe fn reallocate(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Layout::from_size_align(new_size, old.align()).map_err(|_| AllocError)?;
        let moved = self.allocate(new)?;
        // SAFETY: both blocks are live and hold the count, and live blocks don't overlap.
        unsafe { block.copy_to_nonoverlapping(moved.cast(), old.size().min(new_size)) };
        // SAFETY: the caller's contract. The old block is left to leak if it is refused after all: its
        // contents have moved, and there is nobody to tell.
        let _ = unsafe { self.deallocate(block, old) };
        Ok(moved)
    }

    /// Calls `visit` for every extent of the region, in address order, without gap or overlap.
    ///
    /// Two free extents that the allocator keeps apart are reported apart.
    fn walk(&self, visit: &mut dyn FnMut(Extent));
}
