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
//!  stacks, one for each order                 nonempty: bits 0, 1 and 3 are set
//!    3 │ 0
//!    1 │ 8, 10          10 is on top, and free; 8 is stale: it has been handed out since
//!    0 │ 12
//! ```
//!
//! A tag says "a free (used) block of this order starts here", and is zero elsewhere. So one comparison
//! decides whether a free is valid, and one whether a buddy can be merged: its tag is "free, of this order"
//! for no buddy that is used, split, or past the end.
//!
//! Free blocks are found through stacks of their numbers, and **the tags alone decide what is free**: an
//! entry whose tag says otherwise is stale, and is skipped when it comes to the top. So a merge takes no
//! buddy out of the middle of anything. It changes a tag, and nothing in free memory is ever touched. When
//! a stack is full its stale entries are swept out, and only if most were not does it grow; so stacks hold
//! at most four entries a block that was free at once, and an entry is skipped or swept once for the push
//! that made it. An operation costs O(`MAX_ORDER`) amortised, whatever is free.
// END

// SOLUTION
use crate::{MAX_BLOCK, MAX_ORDER, MIN_BLOCK};
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

const _: () = assert!(MAX_ORDER < FREE as usize && MAX_ORDER < u32::BITS as usize);
// END

/// A buddy allocator over one region.
pub struct Buddy {
    // SOLUTION
    /// The memory; never read or written here.
    region: Region,
    /// One a granule: what starts there.
    tags: Box<[u8]>,
    /// Every free block is on its order's stack, at least once; the one that was freed last lies highest.
    stacks: [Vec<u32>; MAX_ORDER + 1],
    /// Bit `n` is set wherever `stacks[n]` has a free block; it may also be set where all is stale.
    nonempty: u32,
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
        let mut buddy = Self { region, tags, stacks: Default::default(), nonempty: 0 };
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
        self.nonempty |= 1 << order;
        let stack = &mut self.stacks[order];
        if stack.len() == stack.capacity() {
            return self.push_after_a_sweep(block, order);
        }
        stack.push(block as u32);
    }

    /// The rest of a [`push`](Self::push) onto a full stack; apart, as all that is seldom is, so that the
    /// common way stays short.
    #[cold]
    fn push_after_a_sweep(&mut self, block: Granule, order: usize) {
        make_room(&mut self.stacks[order], &mut self.tags, FREE | order as u8);
        self.stacks[order].push(block as u32);
    }

    /// The free block of `order` that was freed last. Its tag is left to the caller.
    #[inline]
    fn pop(&mut self, order: usize) -> Option<Granule> {
        while let Some(block) = self.stacks[order].pop() {
            if self.is_free(block as Granule, order) {
                return Some(block as Granule);
            }
        }
        self.nonempty &= !(1 << order);
        None
    }

    /// Whether a free block of just that order starts there.
    #[inline]
    fn is_free(&self, block: Granule, order: usize) -> bool {
        self.tags.get(block) == Some(&(FREE | order as u8))
    }

    /// Cuts a block of `order` out of the smallest larger one that is free, if there is one.
    #[inline(never)]
    fn cut(&mut self, order: usize) -> Option<Granule> {
        loop {
            let candidates = self.nonempty >> order;
            if candidates == 0 {
                return None;
            }
            let found = order + candidates.trailing_zeros() as usize;
            if let Some(block) = self.pop(found) {
                self.split(block, found, order);
                return Some(block);
            }
        }
    }

    /// Makes a block free whose buddy is: merges the two, and their parent with its buddy, and so on.
    #[inline(never)]
    fn merge(&mut self, mut block: Granule, mut order: usize) {
        while order < MAX_ORDER && self.is_free(block ^ (1 << order), order) {
            let buddy = block ^ (1 << order);
            self.tags[block.max(buddy)] = INSIDE;
            block = block.min(buddy);
            order += 1;
        }
        self.push(block, order);
    }

    /// Splits a block until its left part has order `to`; the other parts become free.
    #[inline]
    fn split(&mut self, block: Granule, from: usize, to: usize) {
        for order in (to..from).rev() {
            self.push(block + (1 << order), order);
        }
        self.tags[block] = USED | to as u8;
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

    /// A block as the caller gets it.
    #[inline]
    fn bytes(&self, block: Granule, order: usize) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(self.region.at(block * MIN_BLOCK), MIN_BLOCK << order)
    }
    // END
}
// SOLUTION

/// The order of the blocks that serve `layout`, if there is one: a block is aligned to its size, so the
/// larger of size and alignment decides.
#[inline]
fn order_of(layout: Layout) -> Option<usize> {
    let bytes = layout.size().max(layout.align()).max(MIN_BLOCK);
    if layout.size() == 0 || bytes > MAX_BLOCK {
        return None;
    }
    Some((bytes - 1).ilog2() as usize + 1 - MIN_BLOCK.ilog2() as usize)
}

/// Sweeps the stale entries out of a full stack, and all but one of each block's; then lets it grow if that
/// left it more than half full, so that the next sweep is as many pushes away.
#[cold]
fn make_room(stack: &mut Vec<u32>, tags: &mut [u8], free: u8) {
    // A block that has been seen is untagged until all are.
    stack.retain(|&block| {
        let unseen = tags[block as usize] == free;
        if unseen {
            tags[block as usize] = INSIDE;
        }
        unseen
    });
    for &block in &*stack {
        tags[block as usize] = free;
    }
    if stack.len() >= stack.capacity() / 2 {
        stack.reserve_exact((2 * stack.capacity() - stack.len()).max(SMALLEST_STACK));
    }
}

/// Entries that a stack is made for at first.
const SMALLEST_STACK: usize = 64;
// END

// SAFETY: a block that is handed out was free and is so no longer; the blocks tile the region, so it shares
// no byte with another; it is aligned to its size, which is at least the layout's size and alignment; and
// nothing is written into a block while it is live.
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
        let block = match self.pop(order) {
            Some(block) => {
                self.tags[block] = USED | order as u8;
                block
            }
            None => self.cut(order).ok_or(AllocError)?,
        };
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
        let (block, order) = self.used(block, layout)?;
        if self.is_free(block ^ (1 << order), order) {
            self.merge(block, order);
        } else {
            self.push(block, order);
        }
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
                self.tags[right(order)] = INSIDE;
            }
            self.split(block, from, to);
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
