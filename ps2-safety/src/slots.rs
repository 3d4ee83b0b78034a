//! The slab that exercise 2.4 hardens, given: where slots lie, and a plain allocator over them.
//!
//! ```text
//!   region   │ slab 0 │ slab 1 │ slab 2 │ …            each SLAB_BYTES long, of one class
//!   slab     │ slot 0 │ slot 1 │ …      │ rest │       each CLASSES[class] bytes long
//! ```
//!
//! [`Slots`] is geometry alone: which slab, which slot, which address. It keeps nothing about who is live.
//! [`PlainSlab`] adds one stack of free addresses a class, and believes everything it is told: it is
//! what "1.3x the given slab" is measured against.

use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};

/// Bytes of a slab.
pub const SLAB_BYTES: usize = 64 << 10;

/// Slot sizes in bytes: four classes a doubling, as in jemalloc. Every slot is aligned to the largest
/// power of two that divides its size.
pub const CLASSES: [usize; 28] = [
    16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280,
    1536, 1792, 2048, 2560, 3072, 3584, 4096,
];

/// A slot's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Which slab of the region.
    pub slab: usize,
    /// Which slot of the slab.
    pub index: usize,
}

/// A region cut into slabs of one class each.
#[derive(Debug)]
pub struct Slots {
    region: Region,
    /// The class of each slab taken so far, in address order.
    classes: Vec<usize>,
}

impl Slots {
    /// Nothing is taken from `region` yet.
    pub const fn new(region: Region) -> Self {
        Self { region, classes: Vec::new() }
    }

    /// The smallest class that serves `size` bytes at `align`, or `None` above the largest.
    pub fn class_for(size: usize, align: usize) -> Option<usize> {
        CLASSES.iter().position(|&slot| slot >= size && slot % align == 0)
    }

    /// Takes the region's next slab for `class`; `None` when the region is used up.
    pub fn take_slab(&mut self, class: usize) -> Option<usize> {
        let slab = self.classes.len();
        if (slab + 1) * SLAB_BYTES > self.region.len() || class >= CLASSES.len() {
            return None;
        }
        self.classes.push(class);
        Some(slab)
    }

    /// Slabs taken so far.
    pub fn slabs(&self) -> usize {
        self.classes.len()
    }

    /// The class of a slab that was taken.
    pub fn class_of(&self, slab: usize) -> usize {
        self.classes[slab]
    }

    /// How many slots a slab has.
    pub fn slots_in(&self, slab: usize) -> usize {
        SLAB_BYTES / CLASSES[self.classes[slab]]
    }

    /// A slot's first byte.
    pub fn address(&self, slot: Slot) -> NonNull<u8> {
        self.region.at(slot.slab * SLAB_BYTES + slot.index * CLASSES[self.classes[slot.slab]])
    }

    /// The slot that starts at `ptr`.
    ///
    /// # Errors
    ///
    /// [`FreeError::OutsideRegion`], [`FreeError::NotABlock`] for memory that is no slot, and
    /// [`FreeError::InteriorPointer`] for an address past a slot's first byte, whether it is live or not.
    pub fn locate(&self, ptr: NonNull<u8>) -> Result<Slot, FreeError> {
        let offset = self.region.offset_of(ptr).ok_or(FreeError::OutsideRegion)?;
        let slab = offset / SLAB_BYTES;
        let size = CLASSES[*self.classes.get(slab).ok_or(FreeError::NotABlock)?];
        let (index, rest) = ((offset % SLAB_BYTES) / size, (offset % SLAB_BYTES) % size);
        match (index < SLAB_BYTES / size, rest) {
            (false, _) => Err(FreeError::NotABlock),
            (true, 0) => Ok(Slot { slab, index }),
            (true, _) => Err(FreeError::InteriorPointer),
        }
    }

    /// The region below.
    pub const fn region(&self) -> &Region {
        &self.region
    }
}

/// Hands out slots, last freed first, and checks nothing.
#[derive(Debug)]
pub struct PlainSlab {
    slots: Slots,
    /// Free slots of each class; the last is handed out next.
    free: [Vec<Slot>; CLASSES.len()],
}

impl PlainSlab {
    /// An empty allocator over `region`.
    pub const fn new(region: Region) -> Self {
        Self { slots: Slots::new(region), free: [const { Vec::new() }; CLASSES.len()] }
    }
}

// SAFETY: a slot is on at most one stack, leaves it when handed out, and slots do not overlap. (Freed
// twice it is on the stack twice: that is the caller's breach, and what the exercise is about.)
unsafe impl RawAllocator for PlainSlab {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Err(AllocError);
        }
        let class = Slots::class_for(layout.size(), layout.align()).ok_or(AllocError)?;
        if self.free[class].is_empty() {
            let slab = self.slots.take_slab(class).ok_or(AllocError)?;
            let indices = (0..self.slots.slots_in(slab)).rev();
            self.free[class].extend(indices.map(|index| Slot { slab, index }));
        }
        let slot = self.free[class].pop().ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(self.slots.address(slot), CLASSES[class]))
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, _: Layout) -> Result<(), FreeError> {
        let slot = self.slots.locate(block)?;
        self.free[self.slots.class_of(slot.slab)].push(slot);
        Ok(())
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        let mut end = 0;
        for slab in 0..self.slots.slabs() {
            let class = self.slots.class_of(slab);
            for index in 0..self.slots.slots_in(slab) {
                let slot = Slot { slab, index };
                let offset = slab * SLAB_BYTES + index * CLASSES[class];
                let free = self.free[class].contains(&slot);
                let extent = if free { Extent::free } else { Extent::used };
                visit(extent(offset, CLASSES[class]));
                end = offset + CLASSES[class];
            }
            if end < (slab + 1) * SLAB_BYTES {
                visit(Extent::metadata(end, (slab + 1) * SLAB_BYTES - end));
                end = (slab + 1) * SLAB_BYTES;
            }
        }
        if end < self.slots.region().len() {
            visit(Extent::free(end, self.slots.region().len() - end));
        }
    }
}
