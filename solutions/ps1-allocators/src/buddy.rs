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
// SOLUTION
//!
//! # How this one does it
//!
//! ```text
//!  tags: one byte for each 16 bytes of the region, outside of it
//!  ┌───┬───┬───┬───┬───┬───┬───┬───┬───┬───┬───┬───┬───┐
//!  │F 3│ · │ · │ · │ · │ · │ · │ · │U 1│ · │F 1│ · │F 0│   the tiling drawn above
//!  └───┴───┴───┴───┴───┴───┴───┴───┴───┴───┴───┴───┴───┘
//!  stacks, one for each order
//!    3 │ 0          The free blocks. Each holds, in its first bytes, its index in its stack: so a
//!    1 │ 10         merge takes one out of the middle by moving the top one into its place, and
//!    0 │ 12         touches no neighbours in a list.
//! ```
//!
//! A tag says "a free (used) block of this order starts here", and is zero elsewhere. So one comparison
//! decides whether a free is valid, and one whether a buddy can be merged: its tag is "free, of this order"
//! for no buddy that is used, split, or past the end. An operation costs at most one step an order.
//!
//! What takes time in it is what the processor can't foresee, how far a request splits and a free merges,
//! and memory that is not in its caches. So what is common, a stack that has a block and a buddy that is
//! not free, is one branch each and no loop; and a block's memory is only written to, which waits for
//! nothing, until the block is taken out by a merge.
// END

// SOLUTION
use crate::{MAX_ORDER, MIN_BLOCK};
// END
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;
// SOLUTION

/// A block is named by its first granule: its offset in units of `MIN_BLOCK`. Its buddy is then
/// `block ^ (1 << order)`.
type Granule = usize;

/// The tag of a granule where no block starts.
const INSIDE: u8 = 0;
/// With the order: the tag of a free block.
const FREE: u8 = 0x40;
/// With the order: the tag of a used block.
const USED: u8 = 0x80;

const _: () = assert!(MAX_ORDER < FREE as usize && size_of::<u32>() <= MIN_BLOCK);
// END

/// A buddy allocator over one region.
pub struct Buddy {
    // SOLUTION
    /// The memory. A free block begins with its index in its stack, a `u32`; no other byte is touched.
    region: Region,
    /// One a granule: what starts there.
    tags: Box<[u8]>,
    /// The free blocks of each order.
    stacks: [Vec<u32>; MAX_ORDER + 1],
    // STUB: // Your fields, each with its invariant.
    // END
}

impl Buddy {
    /// Takes over `region`, all of it free, as the greedy tiling from the left: each block is the largest
    /// that is aligned to its size and ends within the region.
    ///
    /// Complexity: O(blocks), beside the making of zeroed tables.
    pub fn new(region: Region) -> Self {
        // SOLUTION
        let granules = region.len() / MIN_BLOCK;
        let tags = vec![INSIDE; granules].into_boxed_slice();
        let mut buddy = Self { region, tags, stacks: Default::default() };
        // Backwards, so that the lowest block lies highest on its stack. The last block of a tiling that
        // ends at `end` has the size of the lowest bit of `end`.
        let mut end = granules;
        while end > 0 {
            let order = MAX_ORDER.min(end.trailing_zeros() as usize);
            end -= 1 << order;
            buddy.push(end, order);
        }
        buddy
        // STUB: todo!("ps1.buddy.new: cover {region:?} with the largest aligned blocks")
        // END
    }
    // SOLUTION

    /// Makes a block free.
    #[inline]
    fn push(&mut self, block: Granule, order: usize) {
        self.tags[block] = FREE | order as u8;
        let stack = &mut self.stacks[order];
        let index = stack.len() as u32;
        stack.push(block as u32);
        // SAFETY: nobody else uses a free block, and it has room for an index, in size and alignment.
        unsafe { self.memory(block).cast().write(index) };
    }

    /// Takes a free block out of its stack, wherever it lies; the top one fills the gap.
    #[inline]
    fn take_out(&mut self, block: Granule, order: usize) {
        self.tags[block] = INSIDE;
        // SAFETY: `push` has written an index there, and nobody else writes to a free block.
        let index: u32 = unsafe { self.memory(block).cast().read() };
        let stack = &mut self.stacks[order];
        let top = stack[stack.len() - 1];
        stack.swap_remove(index as usize);
        // SAFETY: as in `push`; the top one is free, or was so until now.
        unsafe { self.memory(top as Granule).cast().write(index) };
    }

    /// Whether a free block of just that order starts there.
    #[inline]
    fn is_free(&self, block: Granule, order: usize) -> bool {
        self.tags.get(block) == Some(&(FREE | order as u8))
    }

    /// Splits a block until its left part has order `to`; the other parts become free.
    #[inline]
    fn split(&mut self, block: Granule, from: usize, to: usize) {
        for order in (to..from).rev() {
            self.push(block + (1 << order), order);
        }
    }

    /// Merges a block with its buddy, and their parent with its buddy, as often as that is free. Apart, so
    /// that it takes no registers from what is more common.
    #[inline(never)]
    fn merge(&mut self, mut block: Granule, mut order: usize) -> (Granule, usize) {
        self.tags[block] = INSIDE;
        while order < MAX_ORDER && self.is_free(block ^ (1 << order), order) {
            self.take_out(block ^ (1 << order), order);
            block &= !(1 << order);
            order += 1;
        }
        (block, order)
    }

    /// The used block at `ptr`, with its order, if it is one that serves `layout`.
    #[inline]
    fn used(&self, ptr: NonNull<u8>, layout: Layout) -> Result<(Granule, usize), FreeError> {
        let offset = self.region.offset_of(ptr).ok_or(FreeError::OutsideRegion)?;
        match order_of(layout) {
            Some(order)
                if offset.is_multiple_of(MIN_BLOCK)
                    && self.tags.get(offset / MIN_BLOCK) == Some(&(USED | order as u8)) =>
            {
                Ok((offset / MIN_BLOCK, order))
            }
            _ => Err(self.refusal(offset)),
        }
    }

    /// Why no block of the claimed order can be freed at `offset`.
    #[cold]
    fn refusal(&self, offset: usize) -> FreeError {
        let granule = offset / MIN_BLOCK;
        let Some(&tag) = self.tags.get(granule) else { return FreeError::NotABlock };
        // The block that holds the granule starts at the first multiple of a power of two below it that
        // has a tag.
        let starts = (0..=MAX_ORDER).map(|order| granule >> order << order);
        let over = starts.map(|start| self.tags[start]).find(|&tag| tag != INSIDE);
        if over.is_none_or(|tag| tag < USED) {
            FreeError::DoubleFree
        } else if tag == INSIDE || !offset.is_multiple_of(MIN_BLOCK) {
            FreeError::InteriorPointer
        } else {
            FreeError::LayoutMismatch
        }
    }

    /// A block's first byte.
    #[inline]
    fn memory(&self, block: Granule) -> NonNull<u8> {
        debug_assert!(block < self.tags.len());
        // SAFETY: a block begins within the region, since it has a tag. Each was tagged before it came here.
        unsafe { self.region.base().add(block * MIN_BLOCK) }
    }

    /// A block as the caller gets it.
    #[inline]
    fn bytes(&self, block: Granule, order: usize) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(self.memory(block), MIN_BLOCK << order)
    }
    // END
}
// SOLUTION

/// The order of the blocks that serve `layout`, if there is one: a block is aligned to its size, so the
/// larger of size and alignment decides.
#[inline]
fn order_of(layout: Layout) -> Option<usize> {
    // The offset of the last byte, which for size zero wraps to one that no block has.
    let last = layout.size().wrapping_sub(1).max(layout.align() - 1) | (MIN_BLOCK - 1);
    let order = last.ilog2() as usize + 1 - MIN_BLOCK.ilog2() as usize;
    (order <= MAX_ORDER).then_some(order)
}
// END

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
    // SOLUTION
    #[inline]
    // END
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SOLUTION
        let order = order_of(layout).ok_or(AllocError)?;
        let block = match self.stacks[order].pop() {
            Some(block) => block as Granule,
            None => {
                let mut larger = order + 1..=MAX_ORDER;
                let found = larger.find_map(|found| Some((self.stacks[found].pop()? as Granule, found)));
                let (block, found) = found.ok_or(AllocError)?;
                self.split(block, found, order);
                block
            }
        };
        self.tags[block] = USED | order as u8;
        Ok(self.bytes(block, order))
        // STUB: todo!("ps1.buddy.allocate: find a block for {layout:?}")
        // END
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
    // SOLUTION
    #[inline]
    // END
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SOLUTION
        let (mut block, mut order) = self.used(block, layout)?;
        if self.is_free(block ^ (1 << order), order) {
            (block, order) = self.merge(block, order);
        }
        self.push(block, order);
        Ok(())
        // STUB: todo!("ps1.buddy.deallocate: take {block:?} of {layout:?} back")
        // END
    }
    // SOLUTION

    /// Stays in place where the order stays or falls, and where the block is the left half of each parent
    /// on the way up and each right half is free.
    unsafe fn reallocate(
        &mut self,
        ptr: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Layout::from_size_align(new_size, old.align()).map_err(|_| AllocError)?;
        let to = order_of(new).ok_or(AllocError)?;
        let (block, from) = self.used(ptr, old).map_err(|_| AllocError)?;
        let right = |order: usize| block | 1 << order;
        if (from..to).all(|order| right(order) != block && self.is_free(right(order), order)) {
            for order in from..to {
                self.take_out(right(order), order);
            }
            self.split(block, from, to);
            self.tags[block] = USED | to as u8;
            return Ok(self.bytes(block, to));
        }
        let moved = self.allocate(new)?;
        // SAFETY: both blocks are live, so they don't overlap, and the new one is the longer.
        unsafe { ptr.copy_to_nonoverlapping(moved.cast(), old.size()) };
        // SAFETY: the caller's contract, and `used` has found the block to be one, so nothing is refused.
        let _ = unsafe { self.deallocate(ptr, old) };
        Ok(moved)
    }
    // END

    /// Reports every block, free or used, each on its own and in address order; then the tail that is too
    /// short for a block, if there is one, as metadata.
    ///
    /// Complexity: O(blocks).
    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        // SOLUTION
        let mut block = 0;
        while let Some(&tag) = self.tags.get(block) {
            let order = usize::from(tag % FREE);
            let extent = if tag < USED { Extent::free } else { Extent::used };
            visit(extent(block * MIN_BLOCK, MIN_BLOCK << order));
            block += 1 << order;
        }
        let end = block * MIN_BLOCK;
        if end < self.region.len() {
            visit(Extent::metadata(end, self.region.len() - end));
        }
        // STUB: let _ = visit;
        // STUB: todo!("ps1.buddy.walk: report every block")
        // END
    }
}
