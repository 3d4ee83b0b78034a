//! Several allocators behind one door: by size, by type, and by choice at run time.
//!
//! ```text
//!   layout, type ─► rule for the type? ─► strategy for its size ─► small: slots of a class
//!                                                                  medium: best fit in spans
//!                                                                  large: runs of pages
//!   free(p) ─► run's tag ─► the allocator that served p, whatever the rules are by now
//! ```
//!
//! Sources: P. Wilson et al., "Dynamic storage allocation: a survey and critical review", IWMM 1995;
//! E. Berger, B. Zorn and K. McKinley, "Composing high-performance memory allocators", PLDI 2001;
//! jemalloc(3) (size classes, extents); D. Leijen et al., "mimalloc", APLAS 2019.

use crate::pages::PageHeap;
use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::{AllocError, Extent, FreeError, Owns, SharedAllocator};

/// How requests are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Slots of size classes: fast, rounds up.
    Slots,
    /// Best fit with coalescing: tight, slower.
    Fit,
    /// Runs of pages of their own.
    Pages,
}

/// A type that the program tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypeTag(pub u32);

/// Serves every [`Layout`]: any size above zero and any alignment up to 2 MiB, as far as the pages go.
#[derive(Debug)]
pub struct Router {}

impl Router {
    /// Serves from `pages`, with rules of its own choice.
    pub fn new(pages: PageHeap) -> Self {
        todo!("final.allocators.new: nothing is taken from {pages:?} yet")
    }

    /// From now on serves sizes of `least..=most` by `strategy`; later rules win. Blocks that are live stay
    /// with the allocator that served them.
    pub fn route_sizes(&self, least: usize, most: usize, strategy: Strategy) {
        todo!("final.allocators.route_sizes: {least} to {most} go to {strategy:?}")
    }

    /// From now on gives blocks of a type slabs of their own: no page ever holds two such types, nor a type
    /// and anything else, not even after everything was freed.
    pub fn isolate(&self, tag: TypeTag) {
        todo!("final.allocators.isolate: {tag:?} gets pages of its own")
    }

    /// Hands out a block for a value of a type. Freed like any other.
    ///
    /// # Errors
    ///
    /// As [`SharedAllocator::allocate`].
    pub fn allocate_typed(&self, layout: Layout, tag: TypeTag) -> Result<NonNull<[u8]>, AllocError> {
        todo!("final.allocators.allocate_typed: {layout:?} of {tag:?}")
    }

    /// Which strategy serves the live block at `block`.
    pub fn strategy_of(&self, block: NonNull<u8>) -> Option<Strategy> {
        todo!("final.allocators.strategy_of: the run of {block:?} tells")
    }

    /// Gives whatever is empty back to the page heap, and its memory to the system. Pages given back.
    pub fn collect(&self) -> usize {
        todo!("final.allocators.collect: empty spans, then PageHeap::release_free")
    }
}

// SAFETY: nothing is served yet.
unsafe impl SharedAllocator for Router {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        todo!("final.allocators.allocate: the rule for {layout:?}")
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("final.allocators.deallocate: {block:?} of {layout:?} goes to whoever served it")
    }

    unsafe fn reallocate(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        todo!("final.allocators.reallocate: {block:?} from {old:?} to {new_size}, in place if it can be")
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        todo!("final.allocators.walk: every run and what is in it ({:p})", &raw const *visit)
    }
}

impl Owns for Router {
    fn owns(&self, ptr: NonNull<u8>) -> bool {
        todo!("final.allocators.owns: is {ptr:?} in the region?")
    }
}
