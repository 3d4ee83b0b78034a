//! The slab allocator: objects of one size side by side, and everything known about them elsewhere.
//!
//! ```text
//!   region   │ slab 0        │ slab 1        │ slab 2        │ rest │   SLAB_BYTES each; the rest is unused
//!            └───────────────┴───────────────┴───────────────┴──────┘
//!   slab     │ obj │ obj │ obj │ obj │ … │ obj │ tail │               of one class; no header
//!            0    size  2·size                       SLAB_BYTES
//!
//!   page source  ──cut──►  partial  ──last free object goes──►  full
//!        ▲                 │   ▲ ◄──────an object comes back──────┘
//!        └──── empty ◄─────┘   │  the last live object comes back
//!                └─────────────┘  the first one goes
//!
//!   remote list    other threads push what they free; the owner takes all at once
//! ```
//!
//! Metadata is out of line: an object's slab is found from its address, and a slab's record from its number.
//! So an overflow destroys a neighbour, never the allocator, and an object can fill its slot.
//!
//! Always, between two calls: every slab is the page source's or of one class; every object of a slab is
//! free, live, or on a remote list, exactly once; and after everything is freed, [`Slab::shrink`] makes the
//! page source whole.
//!
//! # What must be told of a wrong free
//!
//! The first row that fits. A refused free changes nothing and touches no memory at the address.
//!
//! | the address lies | told |
//! | --- | --- |
//! | outside the region | [`FreeError::OutsideRegion`] |
//! | in the rest, or in a slab's tail | [`FreeError::NotABlock`] |
//! | in a slab of the page source | [`FreeError::DoubleFree`] or [`FreeError::NotABlock`] |
//! | at the start of a free object | [`FreeError::DoubleFree`] |
//! | in a free object, past its start | [`FreeError::DoubleFree`] or [`FreeError::NotABlock`] |
//! | in a live object, past its start | [`FreeError::InteriorPointer`] |
//! | at the start of a live object that is not of the layout's class | [`FreeError::LayoutMismatch`] |
//!
//! Sources: J. Bonwick, "The slab allocator: an object-caching kernel memory allocator", USENIX Summer
//! 1994; the Linux kernel's `mm/slub.c`; J. Evans, "A scalable concurrent malloc(3) implementation for
//! FreeBSD", BSDCan 2006 (bins); D. Leijen et al., "mimalloc: free list sharding in action", APLAS 2019.
//!
//! # How this one does it
//!
//! ```text
//!  slab      │ live │ free ─┼─► … │ live │ free │ fresh …      a free object holds the next one's granule
//!                      ▲              └───────┘
//!  record    class │ live │ free │ fresh │ at                  `at` is its place among `open[class]`
//!  live      one bit a granule of the region: a live object starts there
//! ```
//!
//! Objects are handed out from the front of a slab, and those that came back before that. One bit says whether a
//! free is right, without a division; only a refusal divides. A slab that has become empty goes back at once:
//! cutting one is four assignments, since nothing is written for objects that were never handed out.
use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::sync::Mutex;
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};

/// Bytes of a slab, and what it is aligned to within the region.
pub const SLAB_BYTES: usize = 64 << 10;

/// The largest size that a class serves, in bytes.
pub const LARGEST_CLASS: usize = 8 << 10;

/// What objects are named in on a [`RemoteList`]: an object's number is its offset in the region over this.
pub const GRANULE: usize = 16;

/// The object sizes.
const SIZES: [u32; 32] = sizes();
/// The class of a slab of the page source.
const NO_CLASS: u8 = u8::MAX;
/// The end of a chain of free objects.
const NO_OBJECT: u32 = u32::MAX;

const fn sizes() -> [u32; 32] {
    let (mut sizes, mut class, mut size) = ([0; 32], 0, 0_u32);
    while class < 32 {
        // Four steps a doubling, and never less than a granule.
        size += if size < 128 { 16 } else { 1 << (size.ilog2() - 2) };
        sizes[class] = size;
        class += 1;
    }
    sizes
}

/// For each size in granules, rounded up, its class at no special alignment.
static CLASSES: [u8; LARGEST_CLASS / GRANULE + 1] = by_granules();

const fn by_granules() -> [u8; LARGEST_CLASS / GRANULE + 1] {
    let mut classes = [0; LARGEST_CLASS / GRANULE + 1];
    let (mut granules, mut class) = (1, 0);
    while granules < classes.len() {
        if granules * GRANULE > SIZES[class as usize] as usize {
            class += 1;
        }
        classes[granules] = class;
        granules += 1;
    }
    classes
}

#[inline]
fn class_of(size: usize, align: usize) -> Option<u8> {
    if size == 0 || size > LARGEST_CLASS || align > LARGEST_CLASS {
        return None;
    }
    let mut class = CLASSES[size.div_ceil(GRANULE)];
    // The largest class is aligned to itself, so this ends.
    while !(SIZES[class as usize] as usize).is_multiple_of(align) {
        class += 1;
    }
    Some(class)
}

/// The object size of the class that serves `size` bytes at `align`, a power of two, or `None` if no class
/// does. None serves size zero.
pub fn class_size(size: usize, align: usize) -> Option<usize> {
    class_of(size, align).map(|class| SIZES[class as usize] as usize)
}

/// Objects on their way home, in a vector behind a lock that is held for a few instructions.
#[derive(Debug)]
pub struct RemoteList {
    objects: Mutex<Vec<u32>>,
}

impl RemoteList {
    /// An empty list; it grows as it has to.
    pub fn new(objects: u32) -> Self {
        Self { objects: Mutex::new(Vec::with_capacity(objects.min(64) as usize)) }
    }

    /// Adds one object. What its thread did before is visible to whoever takes it.
    pub fn push(&self, object: u32) {
        self.objects.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(object);
    }

    /// Appends all objects to `out`, in any order, and leaves the list empty; how many there were.
    pub fn take_all(&self, out: &mut Vec<u32>) -> usize {
        let mut objects = self.objects.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let count = objects.len();
        out.append(&mut objects);
        count
    }
}

/// What is known of a slab.
#[derive(Debug, Clone)]
struct Record {
    /// Of the objects, or `NO_CLASS` while the slab is the page source's.
    class: u8,
    /// Objects that are live, or on a remote list.
    live: u32,
    /// The object that came back last, as a granule of the region; each holds the next one.
    free: u32,
    /// The first byte of the slab that was never handed out since it was cut.
    fresh: u32,
    /// Its place among `open[class]`, while it has a free object.
    at: u32,
}

/// A slab allocator over one region, for sizes up to [`LARGEST_CLASS`].
#[derive(Debug)]
pub struct Slab {
    /// The memory; only free objects are read or written.
    region: Region,
    records: Box<[Record]>,
    /// A bit a granule: a live object starts there.
    live: Box<[u64]>,
    /// By class: the slabs that have a free object, and a live one.
    open: [Vec<u32>; 32],
    /// Slabs of no class; the next one is last.
    source: Vec<u32>,
}

impl Slab {
    /// Takes over `region`, all of it free. A rest that is no whole slab is not used.
    pub fn new(region: Region) -> Self {
        let slabs = region.len() / SLAB_BYTES;
        let record = Record { class: NO_CLASS, live: 0, free: NO_OBJECT, fresh: 0, at: 0 };
        Self {
            records: vec![record; slabs].into_boxed_slice(),
            live: vec![0; slabs * SLAB_BYTES / GRANULE / 64].into_boxed_slice(),
            open: Default::default(),
            source: (0..slabs as u32).rev().collect(),
            region,
        }
    }

    /// Gives every empty slab back to the page source; how many. Here each has gone back already.
    pub fn shrink(&mut self) -> usize {
        0
    }

    /// Takes in what other threads have freed: every object on `remote`, by its [`GRANULE`] number; how many
    /// were live until now. Numbers at which no live object starts change nothing.
    pub fn collect(&mut self, remote: &RemoteList) -> usize {
        let mut taken = Vec::new();
        remote.take_all(&mut taken);
        let mut count = 0;
        for granule in taken {
            if self.is_live(granule as usize) {
                self.free(granule as usize);
                count += 1;
            }
        }
        count
    }

    #[inline]
    fn is_live(&self, granule: usize) -> bool {
        self.live.get(granule / 64).is_some_and(|word| word >> (granule % 64) & 1 == 1)
    }

    /// Frees the live object that starts at a granule.
    #[inline]
    fn free(&mut self, granule: usize) {
        let slab = granule * GRANULE / SLAB_BYTES;
        self.live[granule / 64] &= !(1 << (granule % 64));
        let record = &mut self.records[slab];
        let class = record.class as usize;
        let was_full = record.live == SLAB_BYTES as u32 / SIZES[class];
        // SAFETY: the object is free, so its first bytes are ours; it is aligned to 16.
        unsafe { self.region.at(granule * GRANULE).cast::<u32>().write(record.free) };
        record.free = granule as u32;
        record.live -= 1;
        if was_full {
            record.at = self.open[class].len() as u32;
            self.open[class].push(slab as u32);
        } else if record.live == 0 {
            record.class = NO_CLASS;
            self.close(slab, class);
            self.source.push(slab as u32);
        }
    }

    /// Takes a slab out of those that have a free object.
    fn close(&mut self, slab: usize, class: usize) {
        let at = self.records[slab].at;
        self.open[class].swap_remove(at as usize);
        if let Some(&moved) = self.open[class].get(at as usize) {
            self.records[moved as usize].at = at;
        }
    }

    #[cold]
    fn cut(&mut self, class: u8) -> Result<u32, AllocError> {
        let slab = self.source.pop().ok_or(AllocError)?;
        let at = self.open[class as usize].len() as u32;
        self.records[slab as usize] = Record { class, live: 0, free: NO_OBJECT, fresh: 0, at };
        self.open[class as usize].push(slab);
        Ok(slab)
    }

    /// Why no object of the class of a layout can be freed at `offset`.
    #[cold]
    fn refusal(&self, offset: usize) -> FreeError {
        let Some(record) = self.records.get(offset / SLAB_BYTES) else { return FreeError::NotABlock };
        let Some(&size) = SIZES.get(record.class as usize) else { return FreeError::NotABlock };
        let within = offset % SLAB_BYTES;
        let start = within / size as usize * size as usize;
        if start + size as usize > SLAB_BYTES {
            FreeError::NotABlock
        } else if !self.is_live((offset - within + start) / GRANULE) {
            FreeError::DoubleFree
        } else if start != within {
            FreeError::InteriorPointer
        } else {
            FreeError::LayoutMismatch
        }
    }
}

// SAFETY: an object that is handed out was free and is so no longer; objects of a slab share no byte, and
// slabs neither; it starts at a multiple of its size, which the alignment divides; and links are written into
// free objects only.
unsafe impl RawAllocator for Slab {
    #[inline]
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let class = class_of(layout.size(), layout.align()).ok_or(AllocError)?;
        let slab = match self.open[class as usize].last() {
            Some(slab) => *slab,
            None => self.cut(class)?,
        } as usize;
        let (size, record) = (SIZES[class as usize], &mut self.records[slab]);
        let offset = if record.free == NO_OBJECT {
            record.fresh += size;
            slab * SLAB_BYTES + (record.fresh - size) as usize
        } else {
            let offset = record.free as usize * GRANULE;
            // SAFETY: a free object holds the next one in its first bytes, and is aligned to 16.
            record.free = unsafe { self.region.at(offset).cast::<u32>().read() };
            offset
        };
        self.live[offset / GRANULE / 64] |= 1 << (offset / GRANULE % 64);
        record.live += 1;
        if record.live == SLAB_BYTES as u32 / size {
            self.close(slab, class as usize);
        }
        Ok(NonNull::slice_from_raw_parts(self.region.at(offset), size as usize))
    }

    #[inline]
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        let offset = self.region.offset_of(block).ok_or(FreeError::OutsideRegion)?;
        let live = offset.is_multiple_of(GRANULE) && self.is_live(offset / GRANULE);
        if !live || class_of(layout.size(), layout.align()) != Some(self.records[offset / SLAB_BYTES].class) {
            return Err(self.refusal(offset));
        }
        self.free(offset / GRANULE);
        Ok(())
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        for (slab, record) in self.records.iter().enumerate() {
            let (mut start, end) = (slab * SLAB_BYTES, (slab + 1) * SLAB_BYTES);
            let Some(&size) = SIZES.get(record.class as usize) else {
                visit(Extent::free(start, SLAB_BYTES));
                continue;
            };
            while start + size as usize <= end {
                let extent = if self.is_live(start / GRANULE) { Extent::used } else { Extent::free };
                visit(extent(start, size as usize));
                start += size as usize;
            }
            if start < end {
                visit(Extent::metadata(start, end - start));
            }
        }
        let end = self.records.len() * SLAB_BYTES;
        if end < self.region.len() {
            visit(Extent::metadata(end, self.region.len() - end));
        }
    }
}
