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
//! Two bitmaps an order: where its free blocks start, and where its used ones do. So a block is a bit, a merge
//! clears one and looks at its neighbour, `block ^ 1`, and memory is never touched. Over the free bits of each
//! order lies a summary, a bit for each word that is not zero, level upon level, which finds the lowest; a
//! hint, the word where a block was freed last, mostly saves even that.

use crate::{MAX_BLOCK, MAX_ORDER, MIN_BLOCK};
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// A buddy allocator over one region.
pub struct Buddy {
    /// The memory; never read or written here.
    region: Region,
    /// Bit `n` is set iff `orders[n]` has a free block.
    nonempty: u32,
    /// Whole granules of the region.
    granules: usize,
    /// The blocks of each order, each named by its offset in blocks of that order.
    orders: [Order; MAX_ORDER + 1],
}

/// The blocks of one order.
struct Order {
    /// The word of `free` that was added to last.
    hot: usize,
    /// A bit for each block that is free and whole.
    free: Box<[u64]>,
    /// A bit for each block that is used.
    used: Box<[u64]>,
    /// The words of `free` that are not zero.
    summary: Index,
}

impl Order {
    /// Makes a block free; whether the word had no other.
    #[inline]
    fn insert(&mut self, block: usize) -> bool {
        let word = &mut self.free[block / 64];
        let was_empty = *word == 0;
        *word |= 1 << (block % 64);
        self.hot = block / 64;
        if was_empty {
            self.summary.insert(block / 64);
        }
        was_empty
    }
    /// Takes a free block out; whether it was the last.
    #[inline]
    fn remove(&mut self, block: usize) -> bool {
        let word = &mut self.free[block / 64];
        *word &= !(1 << (block % 64));
        if *word == 0 { self.summary.remove(block / 64) } else { false }
    }
    #[inline]
    fn is_free(&self, block: usize) -> bool {
        self.free.get(block / 64).is_some_and(|w| w >> (block % 64) & 1 != 0)
    }
    #[inline]
    fn is_used(&self, block: usize) -> bool {
        self.used.get(block / 64).is_some_and(|w| w >> (block % 64) & 1 != 0)
    }
    /// A free block of an order that has one.
    #[inline]
    fn any(&self) -> usize {
        let mut w = self.hot;
        if self.free[w] == 0 {
            w = self.summary.first();
        }
        w * 64 + self.free[w].trailing_zeros() as usize
    }
}

impl Buddy {
    /// Takes over `region`, all of it free, as the greedy tiling from the left.
    pub fn new(region: Region) -> Self {
        let granules = region.len() / MIN_BLOCK;
        let mut b = Self {
            region,
            nonempty: 0,
            granules,
            orders: std::array::from_fn(|o| {
                let words = (granules >> o).div_ceil(64).max(1);
                Order {
                    hot: 0,
                    free: vec![0; words].into(),
                    used: vec![0; words].into(),
                    summary: Index::new(words),
                }
            }),
        };
        let mut end = granules;
        while end > 0 {
            let order = MAX_ORDER.min(end.trailing_zeros() as usize);
            end -= 1 << order;
            b.insert(order, end >> order);
        }
        b
    }
    #[inline]
    fn insert(&mut self, order: usize, block: usize) {
        if self.orders[order].insert(block) {
            self.nonempty |= 1 << order;
        }
    }
    #[inline]
    fn remove(&mut self, order: usize, block: usize) {
        if self.orders[order].remove(block) {
            self.nonempty &= !(1 << order);
        }
    }
    /// The used block at `ptr` as its order and number, if it serves `layout`.
    #[inline]
    fn used(&self, ptr: NonNull<u8>, layout: Layout) -> Result<(usize, usize), FreeError> {
        let offset = self.region.offset_of(ptr).ok_or(FreeError::OutsideRegion)?;
        let Some(order) = order_of(layout) else { return Err(self.refusal(offset)) };
        let block = offset / MIN_BLOCK >> order;
        if offset & ((MIN_BLOCK << order) - 1) == 0 && self.orders[order].is_used(block) {
            return Ok((order, block));
        }
        Err(self.refusal(offset))
    }
    /// Why no block of the claimed order can be freed at `offset`.
    #[cold]
    fn refusal(&self, offset: usize) -> FreeError {
        let granule = offset / MIN_BLOCK;
        for (order, o) in self.orders.iter().enumerate() {
            if o.is_free(granule >> order) {
                return FreeError::DoubleFree;
            }
            if o.is_used(granule >> order) {
                return if offset & ((MIN_BLOCK << order) - 1) == 0 {
                    FreeError::LayoutMismatch
                } else {
                    FreeError::InteriorPointer
                };
            }
        }
        FreeError::NotABlock
    }
}

/// The order of the blocks that serve `layout`.
#[inline]
fn order_of(layout: Layout) -> Option<usize> {
    let bytes = layout.size().max(layout.align()).max(MIN_BLOCK);
    if layout.size() == 0 || bytes > MAX_BLOCK {
        return None;
    }
    Some((usize::BITS - (bytes - 1).leading_zeros()) as usize - 4)
}

// SAFETY: a block that is handed out was free and is so no longer; the blocks tile the region, so it shares
// no byte with another; it is aligned to its size, which is at least the layout's size and alignment; and no
// memory of the region is written to.
unsafe impl RawAllocator for Buddy {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let order = order_of(layout).ok_or(AllocError)?;
        let candidates = self.nonempty >> order;
        if candidates == 0 {
            return Err(AllocError);
        }
        let found = order + candidates.trailing_zeros() as usize;
        let mut block = self.orders[found].any();
        self.remove(found, block);
        for o in (order..found).rev() {
            block *= 2;
            self.insert(o, block + 1);
        }
        self.orders[order].used[block / 64] |= 1 << (block % 64);
        Ok(NonNull::slice_from_raw_parts(self.region.at(block * (MIN_BLOCK << order)), MIN_BLOCK << order))
    }
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        let (mut order, mut block) = self.used(block, layout)?;
        self.orders[order].used[block / 64] &= !(1 << (block % 64));
        while order < MAX_ORDER && self.orders[order].is_free(block ^ 1) {
            self.remove(order, block ^ 1);
            block /= 2;
            order += 1;
        }
        self.insert(order, block);
        Ok(())
    }
    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        let mut g = 0;
        while g < self.granules {
            for (order, o) in self.orders.iter().enumerate() {
                let (f, u) = (o.is_free(g >> order), o.is_used(g >> order));
                if (f || u) {
                    visit(if u {
                        Extent::used(g * 16, 16 << order)
                    } else {
                        Extent::free(g * 16, 16 << order)
                    });
                    g += 1 << order;
                    break;
                }
            }
        }
        if g * 16 < self.region.len() {
            visit(Extent::metadata(g * 16, self.region.len() - g * 16));
        }
    }
}

/// A set of small numbers that finds its least member in a step a factor of 64.
struct Index {
    lines: Vec<Box<[u64]>>,
}

impl Index {
    fn new(len: usize) -> Self {
        let mut lines = Vec::new();
        let mut words = len.div_ceil(64).max(1);
        loop {
            lines.push(vec![0; words].into_boxed_slice());
            if words == 1 {
                return Self { lines };
            }
            words = words.div_ceil(64);
        }
    }

    #[inline]
    fn insert(&mut self, mut item: usize) {
        for line in &mut self.lines {
            let word = &mut line[item / 64];
            let before = *word;
            *word |= 1 << (item % 64);
            if before != 0 {
                return;
            }
            item /= 64;
        }
    }

    /// Takes a member out; whether the set is then empty.
    #[inline]
    fn remove(&mut self, mut item: usize) -> bool {
        for line in &mut self.lines {
            let word = &mut line[item / 64];
            *word &= !(1 << (item % 64));
            if *word != 0 {
                return false;
            }
            item /= 64;
        }
        true
    }

    /// The least member of a set that is not empty.
    #[inline]
    fn first(&self) -> usize {
        self.lines.iter().rev().fold(0, |item, line| item * 64 + line[item].trailing_zeros() as usize)
    }
}
