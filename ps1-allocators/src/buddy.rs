use crate::{MAX_BLOCK, MAX_ORDER, MIN_BLOCK};
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

type Granule = u32;
const INSIDE: u8 = 0;
const FREE: u8 = 0x40;
const USED: u8 = 0x80;

pub struct Buddy {
    region: Region,
    nonempty: u32,
    stacks: [Vec<Granule>; MAX_ORDER + 1],
    tags: Box<[u8]>,
}

impl Buddy {
    pub fn new(region: Region) -> Self {
        let granules = region.len() / MIN_BLOCK;
        let tags = vec![INSIDE; granules].into_boxed_slice();
        let mut buddy = Self { region, nonempty: 0, stacks: Default::default(), tags };
        let mut end = granules;
        while end > 0 {
            let order = MAX_ORDER.min(end.trailing_zeros() as usize);
            end -= 1 << order;
            buddy.push(end, order);
        }
        buddy
    }

    #[inline(always)]
    fn push(&mut self, block: usize, order: usize) {
        self.tags[block] = FREE | order as u8;
        self.nonempty |= 1 << order;
        let stack = &mut self.stacks[order];
        if stack.len() == stack.capacity() {
            make_room(stack, &self.tags, FREE | order as u8);
        }
        stack.push(block as Granule);
    }

    #[inline(always)]
    fn pop(&mut self, order: usize) -> Option<usize> {
        while let Some(block) = self.stacks[order].pop() {
            if self.tags[block as usize] == FREE | order as u8 {
                return Some(block as usize);
            }
        }
        self.nonempty &= !(1 << order);
        None
    }

    fn tag_over(&self, granule: usize) -> u8 {
        let starts = (0..=MAX_ORDER).map(|order| granule >> order << order);
        starts.map(|start| self.tags[start]).find(|&tag| tag != INSIDE).unwrap_or(INSIDE)
    }

    #[inline(always)]
    fn used(&self, ptr: NonNull<u8>, layout: Layout) -> Result<(usize, usize), FreeError> {
        let offset = ptr.addr().get().wrapping_sub(self.region.base().addr().get());
        let order = order_of(layout).unwrap_or(63);
        if offset % MIN_BLOCK == 0 && self.tags.get(offset / MIN_BLOCK) == Some(&(USED | order as u8)) {
            return Ok((offset / MIN_BLOCK, order));
        }
        Err(self.refusal(offset))
    }

    #[cold]
    fn refusal(&self, offset: usize) -> FreeError {
        if offset >= self.region.len() {
            return FreeError::OutsideRegion;
        }
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

    #[inline(always)]
    fn bytes(&self, block: usize, order: usize) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(self.region.at(block * MIN_BLOCK), MIN_BLOCK << order)
    }
}

#[cold]
#[inline(never)]
fn make_room(stack: &mut Vec<Granule>, tags: &[u8], tag: u8) {
    stack.retain(|&block| tags[block as usize] == tag);
    if stack.len() * 2 >= stack.capacity() {
        stack.reserve_exact((2 * stack.capacity()).max(64));
    }
}

#[inline(always)]
fn order_of(layout: Layout) -> Option<usize> {
    let bytes = layout.size().max(layout.align()).max(MIN_BLOCK);
    if layout.size() == 0 || bytes > MAX_BLOCK {
        return None;
    }
    Some((usize::BITS - (bytes - 1).leading_zeros()) as usize - MIN_BLOCK.ilog2() as usize)
}

// SAFETY: x
unsafe impl RawAllocator for Buddy {
    #[inline]
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let order = order_of(layout).ok_or(AllocError)?;
        let (found, block) = loop {
            let candidates = self.nonempty >> order;
            if candidates == 0 {
                return Err(AllocError);
            }
            let found = order + candidates.trailing_zeros() as usize;
            if let Some(block) = self.pop(found) {
                break (found, block);
            }
        };
        for order in (order..found).rev() {
            self.push(block + (1 << order), order);
        }
        self.tags[block] = USED | order as u8;
        Ok(self.bytes(block, order))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        let (mut block, mut order) = self.used(block, layout)?;
        loop {
            let buddy = block ^ (1 << order);
            if order == MAX_ORDER || self.tags.get(buddy) != Some(&(FREE | order as u8)) {
                self.push(block, order);
                return Ok(());
            }
            self.tags[block.max(buddy)] = INSIDE;
            block = block.min(buddy);
            order += 1;
        }
    }

    unsafe fn reallocate(
        &mut self,
        ptr: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Layout::from_size_align(new_size, old.align()).map_err(|_| AllocError)?;
        let to = order_of(new).ok_or(AllocError)?;
        let (block, from) = self.used(ptr, old).map_err(|_| AllocError)?;
        if to <= from {
            for order in (to..from).rev() {
                self.push(block + (1 << order), order);
            }
            self.tags[block] = USED | to as u8;
            return Ok(self.bytes(block, to));
        }
        let grows = (from..to).all(|order| {
            let b = block ^ (1 << order);
            b > block && self.tags.get(b) == Some(&(FREE | order as u8))
        });
        if grows {
            for order in from..to {
                self.tags[block ^ (1 << order)] = INSIDE;
            }
            self.tags[block] = USED | to as u8;
            return Ok(self.bytes(block, to));
        }
        let moved = self.allocate(new)?;
        // SAFETY: x
        unsafe { ptr.copy_to_nonoverlapping(moved.cast(), old.size()) };
        // SAFETY: x
        let _ = unsafe { self.deallocate(ptr, old) };
        Ok(moved)
    }

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
