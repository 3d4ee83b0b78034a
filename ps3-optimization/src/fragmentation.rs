//! Fragmentation: boundary tags, two-level bitmaps, and blocks that die together kept together.
//!
//! ```text
//!   block     │ size, flags │ payload …                     │    a free one repeats its size at the end
//!   bitmap    first level: power of two      second level: 16 parts of it
//!             0001_0100  ──────────────────►  0010_0000_0000_0001  ──► list of free blocks
//!   region    │ long-lived … ►                       ◄ … short-lived │
//! ```
//!
//! Sources: M. Masmano et al., "TLSF: a new dynamic memory allocator for real-time systems", ECRTS 2004;
//! D. Knuth, TAOCP 1, section 2.5 (boundary tags); D. Lea, "A memory allocator"; P. Wilson et al.,
//! "Dynamic storage allocation: a survey and critical review", IWMM 1995; `fragmentation_index` and
//! `unusable_free_index` in the Linux kernel's `mm/vmstat.c`.

use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};

/// Parts of a power of two at the second level, as a power of two.
pub const SECOND_LEVEL_BITS: u32 = 4;

/// How long a block will live, as its user guesses. A wrong guess costs space, never correctness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// Soon freed.
    Short,
    /// Freed late or never.
    Long,
}

/// The list that a *free block* of `size` bytes belongs to: the largest whose least size is at most `size`.
/// `size` is at least 16.
pub fn list_of(size: usize) -> (u32, u32) {
    todo!("ps3.fragmentation.list_of: first and second level of {size}, rounded down")
}

/// The first list of which *every* block serves a request of `size` bytes; `None` on overflow.
pub fn list_for(size: usize) -> Option<(u32, u32)> {
    todo!("ps3.fragmentation.list_for: first and second level of {size}, rounded up")
}

/// The share of free memory that a request of `wanted` bytes cannot use, in 0..=1: what lies in extents
/// shorter than that. 0 if nothing is free.
pub fn unusable_free_index(free: &[usize], wanted: usize) -> f64 {
    todo!("ps3.fragmentation.unusable_free_index: of {} extents, those below {wanted}", free.len())
}

/// A two-level segregated fit allocator. As a [`RawAllocator`] it serves [`Lifetime::Short`].
#[derive(Debug)]
pub struct Tlsf {}

impl Tlsf {
    /// Takes over `region`. One that is too small for any block serves nothing.
    pub fn new(region: Region) -> Self {
        todo!("ps3.fragmentation.new: one free block over {region:?}")
    }

    /// Hands out a block, placed by how long it will live. Constant time.
    ///
    /// # Errors
    ///
    /// As [`RawAllocator::allocate`].
    pub fn allocate_for(&mut self, layout: Layout, lifetime: Lifetime) -> Result<NonNull<[u8]>, AllocError> {
        todo!("ps3.fragmentation.allocate_for: a block for {layout:?} that lives {lifetime:?}")
    }
}

// SAFETY: nothing is served yet.
unsafe impl RawAllocator for Tlsf {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.allocate_for(layout, Lifetime::Short)
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("ps3.fragmentation.deallocate: merge {block:?} of {layout:?} with both neighbours")
    }

    unsafe fn reallocate(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        todo!("ps3.fragmentation.reallocate: {block:?} from {old:?} to {new_size}, in place if it can be")
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        todo!("ps3.fragmentation.walk: follow the sizes from block to block ({:p})", &raw const *visit)
    }
}
