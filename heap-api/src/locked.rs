//! Lifts a single-threaded allocator to one that threads share.

use crate::sync::{Mutex, MutexGuard};
use crate::{AllocError, Extent, FreeError, RawAllocator, SharedAllocator};
use core::alloc::Layout;
use core::ptr::NonNull;

/// A [`RawAllocator`] behind a mutex: one thread is inside at a time.
pub struct Locked<A> {
    inner: Mutex<A>,
}

impl<A> Locked<A> {
    /// Puts a lock around `allocator`.
    #[cfg(not(feature = "loom"))]
    pub const fn new(allocator: A) -> Self {
        Self { inner: Mutex::new(allocator) }
    }

    /// Puts a lock around `allocator`.
    #[cfg(feature = "loom")]
    pub fn new(allocator: A) -> Self {
        Self { inner: Mutex::new(allocator) }
    }

    /// Runs `body` with the lock held.
    pub fn with<R>(&self, body: impl FnOnce(&mut A) -> R) -> R {
        body(&mut self.lock())
    }

    /// Enters even if a thread panicked inside: a panic in one thread's request is a fault that its own
    /// check sees, and must not turn into a panic of every other thread.
    fn lock(&self) -> MutexGuard<'_, A> {
        self.inner.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

// SAFETY: the mutex lets one thread in at a time, and `A` keeps the contract for one thread; a block lies
// in the region, which doesn't move, so it may be freed from any thread.
unsafe impl<A: RawAllocator + Send> SharedAllocator for Locked<A> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.lock().allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.lock().deallocate(block, layout) }
    }

    unsafe fn reallocate(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's contract is the same.
        unsafe { self.lock().reallocate(block, old, new_size) }
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        self.lock().walk(visit);
    }
}
