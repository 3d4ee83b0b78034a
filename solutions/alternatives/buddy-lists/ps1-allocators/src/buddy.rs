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
//! | in a free block, at its start or past it | [`FreeError::DoubleFree`] |
//! | in a used block, past its start | [`FreeError::InteriorPointer`] |
//! | at the start of a used block that has not the layout's order | [`FreeError::LayoutMismatch`] |
//!
//! Sources: K. C. Knowlton, *A fast storage allocator*, CACM 8(10), 1965; D. E. Knuth, *The Art of
//! Computer Programming* 1, §2.5, algorithms R and S; Linux's `mm/page_alloc.c` (`__rmqueue_smallest`,
//! `__free_one_page`).
//!
//! # How this one does it
//!
//! ```text
//!  lists[MAX_ORDER + 1]    first free block of each order; `nonempty` has a bit for each
//!    │                     that is not the end of its list, so that one `trailing_zeros`
//!    ▼                     finds the smallest order that can serve
//!  ┌──────────────┐   ┌──────────────┐
//!  │ next │ prev  │◄─►│ next │ prev  │   in the first 16 bytes of the free blocks themselves
//!  └──────────────┘   └──────────────┘
//!  tags: one byte for each 16 bytes of the region, outside of it
//!  ┌───┬───┬───┬───┬───┬───┬───┬───┬───┬───┬───┬───┬───┐
//!  │F+3│ · │ · │ · │ · │ · │ · │ · │U+1│ · │F+1│ · │F+0│   the tiling drawn above
//!  └───┴───┴───┴───┴───┴───┴───┴───┴───┴───┴───┴───┴───┘
//! ```
//!
//! A tag says "a free (used) block of this order starts here", and is zero elsewhere. So one comparison
//! decides whether a free is valid, and one whether a buddy can be merged: `tag == FREE + order` is false
//! for a buddy that is used, that is split, or that is past the end. Links are doubly linked, so that a
//! buddy leaves the middle of its list at once. An operation costs at most one step an order.
use crate::{MAX_BLOCK, MAX_ORDER, MIN_BLOCK};
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// A block is named by its first granule: its offset in units of `MIN_BLOCK`. Its buddy is then
/// `block ^ (1 << order)`.
type Granule = usize;

/// The end of a list.
const NONE: Granule = Granule::MAX;

/// The tag of a granule where no block starts.
const INSIDE: u8 = 0;
/// Plus the order: the tag of a free block.
const FREE: u8 = 0x40;
/// Plus the order: the tag of a used block.
const USED: u8 = 0x80;

/// What the first bytes of a free block hold.
#[derive(Clone, Copy)]
struct Links {
    next: Granule,
    prev: Granule,
}

const _: () = assert!(size_of::<Links>() <= MIN_BLOCK && align_of::<Links>() <= MIN_BLOCK);
const _: () = assert!(MAX_ORDER < u32::BITS as usize && MAX_ORDER < FREE as usize);

/// A buddy allocator over one region.
pub struct Buddy {
    /// The memory. Only links in free blocks are read and written here.
    region: Region,
    /// Bit `n` is set iff `lists[n]` is not `NONE`.
    nonempty: u32,
    /// The free block of each order that was freed last.
    lists: [Granule; MAX_ORDER + 1],
    /// One a granule: what starts there.
    tags: Box<[u8]>,
}

impl Buddy {
    /// Takes over `region`, all of it free, as the greedy tiling from the left: each block is the largest
    /// that is aligned to its size and ends within the region.
    ///
    /// Complexity: O(blocks), beside the making of zeroed tables.
    pub fn new(region: Region) -> Self {
        let granules = region.len() / MIN_BLOCK;
        let tags = vec![INSIDE; granules].into_boxed_slice();
        let mut buddy = Self { region, nonempty: 0, lists: [NONE; MAX_ORDER + 1], tags };
        // Backwards, so that the lowest block leads its list. The last block of a tiling that ends at
        // `end` has the size of the lowest bit of `end`.
        let mut end = granules;
        while end > 0 {
            let order = MAX_ORDER.min(end.trailing_zeros() as usize);
            end -= 1 << order;
            buddy.push(end, order);
        }
        buddy
    }

    /// Puts a free block at the front of its order's list.
    #[inline]
    fn push(&mut self, block: Granule, order: usize) {
        let next = self.lists[order];
        self.set_links(block, Links { next, prev: NONE });
        if next == NONE {
            self.nonempty |= 1 << order;
        } else {
            self.set_links(next, Links { prev: block, ..self.links(next) });
        }
        self.lists[order] = block;
        self.tags[block] = FREE + order as u8;
    }

    /// Takes a free block out of its order's list, wherever it stands. Its tag is left to the caller.
    #[inline]
    fn unlink(&mut self, block: Granule, order: usize) {
        let Links { next, prev } = self.links(block);
        if next != NONE {
            self.set_links(next, Links { prev, ..self.links(next) });
        }
        if prev != NONE {
            self.set_links(prev, Links { next, ..self.links(prev) });
        } else {
            self.lists[order] = next;
            if next == NONE {
                self.nonempty &= !(1 << order);
            }
        }
    }

    /// Splits a block that is in no list until its left part has order `to`; the other parts become free.
    #[inline]
    fn split(&mut self, block: Granule, from: usize, to: usize) {
        for order in (to..from).rev() {
            self.push(block + (1 << order), order);
        }
    }

    /// Where the links of a free block are.
    #[inline]
    fn place(&self, block: Granule) -> NonNull<Links> {
        self.region.at(block * MIN_BLOCK).cast()
    }

    #[inline]
    fn links(&self, block: Granule) -> Links {
        // SAFETY: `block` is the start of a free block, so `MIN_BLOCK` bytes of the region, which nobody
        // else uses, and `push` has written links there; they fit, in size and alignment.
        unsafe { self.place(block).read() }
    }

    #[inline]
    fn set_links(&mut self, block: Granule, links: Links) {
        // SAFETY: `block` is the start of a free block, as above.
        unsafe { self.place(block).write(links) }
    }

    /// The block that holds `granule`, as its tag: some order's multiple below it is the first to have one.
    fn tag_over(&self, granule: Granule) -> u8 {
        let starts = (0..=MAX_ORDER).map(|order| granule >> order << order);
        starts.map(|start| self.tags[start]).find(|&tag| tag != INSIDE).unwrap_or(INSIDE)
    }

    /// The block of `order` that is used and starts at `ptr`.
    #[inline]
    fn used(&self, ptr: NonNull<u8>, layout: Layout) -> Result<(Granule, usize), FreeError> {
        let offset = self.region.offset_of(ptr).ok_or(FreeError::OutsideRegion)?;
        if let Some(order) = order_of(layout)
            && offset.is_multiple_of(MIN_BLOCK)
            && self.tags.get(offset / MIN_BLOCK) == Some(&(USED + order as u8))
        {
            return Ok((offset / MIN_BLOCK, order));
        }
        Err(self.refusal(offset))
    }

    /// Why no block of the claimed order can be freed at `offset`.
    #[cold]
    fn refusal(&self, offset: usize) -> FreeError {
        let granule = offset / MIN_BLOCK;
        let Some(&tag) = self.tags.get(granule) else { return FreeError::NotABlock };
        if self.tag_over(granule) < USED {
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
}

/// The order of the blocks that serve `layout`, if there is one: a block is aligned to its size, so the
/// larger of size and alignment decides.
#[inline]
fn order_of(layout: Layout) -> Option<usize> {
    let bytes = layout.size().max(layout.align()).max(MIN_BLOCK);
    if layout.size() == 0 || bytes > MAX_BLOCK {
        return None;
    }
    Some((bytes.next_power_of_two() / MIN_BLOCK).ilog2() as usize)
}

// SAFETY: a block that is handed out was free and is so no longer; the blocks tile the region, so it shares
// no byte with another; it is aligned to its size, which is at least the layout's size and alignment; and
// only free blocks are written to.
unsafe impl RawAllocator for Buddy {
    /// Hands out a block of the layout's order: `max(size, align, MIN_BLOCK)` bytes, rounded up to a power
    /// of two. The slice is as long as the block.
    ///
    /// Complexity: O(`MAX_ORDER`), however many blocks are free.
    ///
    /// # Errors
    ///
    /// [`AllocError`] for size zero, for more than [`MAX_BLOCK`](crate::MAX_BLOCK) bytes in size or
    /// alignment, and where no free block of that order or a higher one is left.
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let order = order_of(layout).ok_or(AllocError)?;
        let candidates = self.nonempty >> order;
        if candidates == 0 {
            return Err(AllocError);
        }
        let found = order + candidates.trailing_zeros() as usize;
        let block = self.lists[found];
        self.unlink(block, found);
        self.split(block, found, order);
        self.tags[block] = USED + order as u8;
        Ok(self.bytes(block, order))
    }

    /// Takes a block back and merges it with its buddy as often as that is free.
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
        let (mut block, mut order) = self.used(block, layout)?;
        self.tags[block] = INSIDE;
        while order < MAX_ORDER {
            let buddy = block ^ (1 << order);
            if self.tags.get(buddy) != Some(&(FREE + order as u8)) {
                break;
            }
            self.unlink(buddy, order);
            self.tags[buddy] = INSIDE;
            block = block.min(buddy);
            order += 1;
        }
        self.push(block, order);
        Ok(())
    }

    /// Stays in place where the order stays, where it falls, and where the block is the left half of each
    /// parent on the way up and each right half is free.
    unsafe fn reallocate(
        &mut self,
        ptr: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Layout::from_size_align(new_size, old.align()).map_err(|_| AllocError)?;
        let to = order_of(new).ok_or(AllocError)?;
        let (block, from) = self.used(ptr, old).map_err(|_| AllocError)?;
        let room = |order: usize| {
            let buddy = block ^ (1 << order);
            buddy > block && self.tags.get(buddy) == Some(&(FREE + order as u8))
        };
        if !(from..to).all(room) {
            let moved = self.allocate(new)?;
            // SAFETY: both blocks are live, they don't overlap, and the new one is the longer.
            unsafe { ptr.copy_to_nonoverlapping(moved.cast(), old.size()) };
            // SAFETY: the caller's contract, and `used` has found the block to be one.
            let _ = unsafe { self.deallocate(ptr, old) };
            return Ok(moved);
        }
        for order in from..to {
            let buddy = block ^ (1 << order);
            self.unlink(buddy, order);
            self.tags[buddy] = INSIDE;
        }
        self.split(block, from, to);
        self.tags[block] = USED + to as u8;
        Ok(self.bytes(block, to))
    }

    /// Reports every block, free or used, each on its own and in address order; then the tail that is too
    /// short for a block, if there is one, as metadata.
    ///
    /// Complexity: O(blocks).
    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
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
    }
}
