//! The heap below a profiler, as C sees it.

use core::ptr::NonNull;

/// A call stack's number.
pub type Site = u32;

/// What the profiler stands between: `#[global_allocator]` and the preloaded library both come here.
///
/// # Safety
///
/// `malloc` and `realloc` give memory that nobody else has, of at least the size, aligned to at least
/// `align`, until it is given back.
pub unsafe trait Heap: Sync {
    /// A block; `None` on failure.
    fn malloc(&self, size: usize, align: usize) -> Option<NonNull<u8>>;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` is live and came from this heap.
    unsafe fn free(&self, block: NonNull<u8>);

    /// Moves a block to another size, which is not zero. On `None` the old block is live and unchanged.
    ///
    /// # Safety
    ///
    /// As for `free`.
    unsafe fn realloc(&self, block: NonNull<u8>, size: usize, align: usize) -> Option<NonNull<u8>>;
}
