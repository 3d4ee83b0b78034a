//! Performance: each thread a cache, remote frees in batches, and nothing kept for ever.
//!
//! ```text
//!   thread 1   │ 16: ▪▪▪ │ 32: ▪ │ …  │      magazines of free blocks, no lock
//!                   │ full: half goes down    │ empty: a batch comes up
//!   below      ─────┴─────────────────────────┴──────────────
//!   thread 2 frees thread 1's block: it goes into 2's magazine, or home in a batch: choose, and say why
//! ```
//!
//! Sources: J. Bonwick and J. Adams, "Magazines and vmem", USENIX 2001; E. Berger et al., "Hoard", ASPLOS
//! 2000 (blow-up); tcmalloc's `docs/design.md`; P. Liétar et al., "snmalloc", ISMM 2019; D. Leijen et al.,
//! "mimalloc", APLAS 2019.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;
use heap_api::{AllocError, Extent, FreeError, Owns, SharedAllocator};

/// A layer that caches, over any allocator. Threads come and go; what they cached does not get lost.
///
/// Where the layer below checks what is freed, a cache must not hide it: a block is cached only if the
/// policy below allows it.
#[derive(Debug)]
pub struct Cached<A> {
    /// Owns the layer below.
    below: PhantomData<A>,
}

impl<A: SharedAllocator> Cached<A> {
    /// Nothing is cached.
    pub fn new(below: A) -> Self {
        todo!("final.performance.new: empty caches over {} bytes", size_of_val(&below))
    }

    /// The layer below.
    pub fn below(&self) -> &A {
        todo!("final.performance.below: the layer that new was given {:?}", self.below)
    }

    /// Gives everything that this thread and ended ones cached to the layer below. Blocks given.
    pub fn collect(&self) -> usize {
        todo!("final.performance.collect: empty this thread's cache and the orphans'")
    }
}

// SAFETY: nothing is served yet.
unsafe impl<A: SharedAllocator> SharedAllocator for Cached<A> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        todo!("final.performance.allocate: this thread's magazine for {layout:?}, else a batch from below")
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("final.performance.deallocate: cache {block:?} of {layout:?}, or pass half a magazine on")
    }

    unsafe fn reallocate(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        todo!("final.performance.reallocate: {block:?} from {old:?} to {new_size}")
    }

    /// Cached blocks are free.
    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        todo!(
            "final.performance.walk: the layer below knows, but for what is cached ({:p})",
            &raw const *visit
        )
    }
}

impl<A: SharedAllocator + Owns> Owns for Cached<A> {
    fn owns(&self, ptr: NonNull<u8>) -> bool {
        todo!("final.performance.owns: {ptr:?} is the layer below's")
    }
}
