//! The buddy system: blocks of 2ⁿ bytes that halve on demand and merge with their other half when freed.
//!
//! ```text
//! order                                                                    A region of 208 bytes, all
//!   3  ┌───────────────────────────────┬───────────────┬───────┐           free: 128 + 64 + 16 bytes.
//!      │              128              │       64      │  16   │           No block runs past the end.
//!      └───────────────────────────────┴───────────────┴───────┘
//!      0                              128             192     208
//!
//!      allocate 20 bytes: order 1, 32 bytes. The smallest free block that holds it has order 2: split it.
//!      ┌───────────────────────────────┬───────┬───────┬───────┐
//!   1  │              128              │▒▒ 32 ▒│   32  │  16   │           The two halves are buddies:
//!      └───────────────────────────────┴───────┴───────┴───────┘           128 ^ 32 = 160, 160 ^ 32 = 128.
//!      0                              128     160     192     208
//! ```
//!
//! A block of order `n` has `MIN_BLOCK << n` bytes and starts at a multiple of that, counted from the
//! region's base. So the other half of the block that it was split from, its *buddy*, starts at its own
//! offset with the bit of its size flipped, and no search finds it. When a block is freed and its buddy is
//! free and whole, the two become their parent, which may have a free buddy in turn.
//!
//! Always, between two calls: the blocks tile the region; each is aligned to its size; and no two buddies
//! of one order are both free. So the free blocks are a function of the used ones, and freeing everything
//! restores the initial state.
//!
//! # What must be told of a wrong free
//!
//! It follows from the tiling alone, and from the first row that fits. A refused free changes nothing and
//! touches no memory at the address.
//!
//! | the address lies | told |
//! | --- | --- |
//! | outside the region | [`FreeError::OutsideRegion`] |
//! | in the tail of less than [`MIN_BLOCK`](crate::MIN_BLOCK) bytes, where no block fits | [`FreeError::NotABlock`] |
//! | at the start of a free block | [`FreeError::DoubleFree`] |
//! | in a free block, past its start | [`FreeError::DoubleFree`] (or [`FreeError::NotABlock`]) |
//! | in a used block, past its start | [`FreeError::InteriorPointer`] |
//! | at the start of a used block that has not the layout's order | [`FreeError::LayoutMismatch`] |
//!
//! Sources: K. C. Knowlton, *A fast storage allocator*, CACM 8(10), 1965; D. E. Knuth, *The Art of
//! Computer Programming* 1, §2.5, algorithms R and S; Linux's `mm/page_alloc.c` (`__rmqueue_smallest`,
//! `__free_one_page`).

use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// A buddy allocator over one region.
pub struct Buddy {
    // Your fields, each with its invariant.
}

impl Buddy {
    /// Takes over `region`, all of it free, as the greedy tiling from the left: each block is the largest
    /// that is aligned to its size and ends within the region.
    ///
    /// Complexity: O(blocks), beside the making of zeroed tables.
    pub fn new(region: Region) -> Self {
        todo!("ps1.buddy.new: cover {region:?} with the largest aligned blocks")
    }
}

// SAFETY: a block that is handed out was free and is so no longer; the blocks tile the region, so it shares
// no byte with another; it is aligned to its size, which is at least the layout's size and alignment; and
// only free blocks are written to.
unsafe impl RawAllocator for Buddy {
    /// Hands out a block of the layout's order: `max(size, align, MIN_BLOCK)` bytes, rounded up to a power
    /// of two. The slice is as long as the block. It is cut from the smallest free block that holds it.
    ///
    /// Complexity: O(`MAX_ORDER`), however many blocks are free.
    ///
    /// # Errors
    ///
    /// [`AllocError`] for size zero, for more than [`MAX_BLOCK`](crate::MAX_BLOCK) bytes in size or
    /// alignment, and where no free block of that order or a higher one is left.
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        todo!("ps1.buddy.allocate: find a block for {layout:?}")
    }

    /// Takes a block back and merges it with its buddy as often as that is free and whole.
    ///
    /// Any layout of the block's order will do. Complexity: O(`MAX_ORDER`), however many blocks are free.
    ///
    /// # Errors
    ///
    /// A [`FreeError`] by the rules at the top of this file, without a look at memory at `block`.
    ///
    /// # Safety
    ///
    /// `block` is a used block of this allocator, or one of those wrong addresses.
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("ps1.buddy.deallocate: take {block:?} of {layout:?} back")
    }

    /// Reports every block, free or used, each on its own and in address order; then the tail that is too
    /// short for a block, if there is one, as metadata.
    ///
    /// Complexity: O(blocks).
    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        let _ = visit;
        todo!("ps1.buddy.walk: report every block")
    }
}
