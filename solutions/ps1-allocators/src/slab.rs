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
// SOLUTION
//!
//! # How this one does it
//!
//! ```text
//!  class ─► front            a word of the map at a time, taken out of it: objects come from here
//!    └────► record ◄─► record ◄─► record      slabs with a word that is not zero; an empty one is the
//!                                             last, and the only one; all others are on no list
//!  record   class │ gone │ words: a bit for each word of the map that is not zero
//!  map      0110…  0000…  1…      a bit for each object, set while it is free
//! ```
//!
//! One `trailing_zeros` finds the lowest free object of the front, and only when that has none left is the
//! next word looked for: by one more, in the first slab of the list. A free divides by the object's size,
//! with a multiplication, and looks at one bit, in the map or in the front. Nothing in the region is ever
//! touched: so the processor cannot foresee which object comes next, and is told.
// END

use core::alloc::Layout;
use core::ptr::NonNull;
// SOLUTION
use heap_api::sync::atomic::{AtomicU32, Ordering};
// END
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};

/// Bytes of a slab, and what it is aligned to within the region.
pub const SLAB_BYTES: usize = 64 << 10;

/// The largest size that a class serves, in bytes.
pub const LARGEST_CLASS: usize = 8 << 10;

/// What objects are named in on a [`RemoteList`]: an object's number is its offset in the region over this.
pub const GRANULE: usize = 16;
// SOLUTION

/// Classes in all: eight up to 128 bytes, and four for each of the six doublings up to `LARGEST_CLASS`.
const CLASSES: usize = 8 + 4 * 6;
/// Words of a slab's map: a bit for each of the smallest objects.
const WORDS: usize = SLAB_BYTES / GRANULE / 64;
/// The end of a list, and the class of a slab of the page source.
const NONE: u32 = u32::MAX;

/// The class of a size that is neither zero nor above `LARGEST_CLASS`.
#[inline]
const fn class_of_size(size: usize) -> usize {
    if size <= 128 {
        return (size - 1) / 16;
    }
    // The two bits below the highest one of the last byte's offset say which quarter of the doubling it is.
    let doubling = (size - 1).ilog2() as usize;
    8 + (doubling - 7) * 4 + ((size - 1) >> (doubling - 2)) % 4
}

/// The object size of a class.
const fn size_of_class(class: usize) -> usize {
    if class < 8 { (class + 1) * 16 } else { (5 + class % 4) << (class / 4 + 3) }
}

/// The class of `size` bytes at `align`: an object starts at a multiple of its size.
#[inline]
fn class_of(size: usize, align: usize) -> Option<usize> {
    if size == 0 || size > LARGEST_CLASS {
        return None;
    }
    let class = class_of_size(size);
    if align <= GRANULE {
        return Some(class);
    }
    (class..CLASSES).find(|&class| size_of_class(class).is_multiple_of(align))
}
// END

/// The object size of the class that serves `size` bytes at `align`, a power of two, or `None` if no class
/// does. None serves size zero.
///
/// Classes are multiples of 16 up to 128, then four a doubling. A class serves an alignment if its objects
/// all have it: so class 48 is aligned to 16, not to 32.
pub fn class_size(size: usize, align: usize) -> Option<usize> {
    // SOLUTION
    class_of(size, align).map(size_of_class)
    // STUB: todo!("ps1.slab.class_size: the least class for {size} bytes aligned to {align}")
    // END
}

/// Objects on their way home: any thread pushes, the owner takes all at once.
///
/// It links the numbers below `objects`, each at most once at a time. Write it with `heap_api::sync`: it is
/// what is model checked.
#[derive(Debug)]
pub struct RemoteList {
    // SOLUTION
    /// The object that was pushed last, or `NONE`.
    head: AtomicU32,
    /// For each object on the list, the one that was pushed before it.
    next: Box<[AtomicU32]>,
    // STUB: // Your fields, each with its invariant.
    // END
}

impl RemoteList {
    /// An empty list for the numbers below `objects`.
    pub fn new(objects: u32) -> Self {
        // SOLUTION
        let next = (0..objects).map(|_| AtomicU32::new(NONE)).collect();
        Self { head: AtomicU32::new(NONE), next }
        // STUB: todo!("ps1.slab.remote_new: links for {objects} objects")
        // END
    }

    /// Adds one object. What its thread did before is visible to whoever takes it.
    pub fn push(&self, object: u32) {
        // SOLUTION
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            self.next[object as usize].store(head, Ordering::Relaxed);
            // Release: whoever takes the list sees the link, and what this thread did to the object. A later
            // push goes on with this one's release sequence.
            match self.head.compare_exchange_weak(head, object, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(newer) => head = newer,
            }
        }
        // STUB: todo!("ps1.slab.push: link {object} in front, then publish it")
        // END
    }

    /// Appends all objects to `out`, in any order, and leaves the list empty; how many there were.
    pub fn take_all(&self, out: &mut Vec<u32>) -> usize {
        // SOLUTION
        let before = out.len();
        let mut object = self.head.swap(NONE, Ordering::Acquire);
        while object != NONE {
            out.push(object);
            object = self.next[object as usize].load(Ordering::Relaxed);
        }
        out.len() - before
        // STUB: todo!("ps1.slab.take_all: detach the list and append it to room for {} objects", out.capacity())
        // END
    }
}
// SOLUTION

/// What is known of a slab.
#[derive(Debug, Clone)]
struct Record {
    /// Of the objects, or `NONE` while the slab is the page source's.
    class: u32,
    /// Objects that are not free in the map: live, on a remote list, or in the class's front.
    gone: u32,
    /// Bit `n` is set while word `n` of the map has a free object.
    words: u64,
    /// Neighbours on the list of the class; `next` also links the page source.
    next: u32,
    prev: u32,
}

/// What an allocation or a free needs of its class: half a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Class {
    /// The front: the word that was taken out of the map, in which a set bit is a free object, too.
    front: u64,
    /// Where its first object starts, in the region.
    start: u64,
    /// Which word of the map it was, or `NONE`.
    word: u32,
    size: u32,
    /// Objects a slab.
    objects: u32,
    /// `2^32 / size`, rounded up: exact for quotients of numbers below `SLAB_BYTES`.
    reciprocal: u32,
}

/// A list of slabs with a free object in the map: partial ones, and at most one empty one, which is the last.
#[derive(Debug, Clone, Copy)]
struct List {
    first: u32,
    last: u32,
}
// END

/// A slab allocator over one region, for sizes up to [`LARGEST_CLASS`].
#[derive(Debug)]
pub struct Slab {
    // SOLUTION
    /// The memory; never read or written here.
    region: Region,
    /// One a slab.
    records: Box<[Record]>,
    /// `WORDS` words a slab: a set bit is a free object.
    map: Box<[u64]>,
    classes: [Class; CLASSES],
    /// By class.
    lists: [List; CLASSES],
    /// The page source: the slab that came back last, linked by `next`.
    source: u32,
    /// Room for what comes home; empty between two calls.
    taken: Vec<u32>,
    // STUB: // Your fields, each with its invariant.
    // END
}

impl Slab {
    /// Takes over `region`, all of it free. A rest that is no whole slab is not used.
    pub fn new(region: Region) -> Self {
        // SOLUTION
        let slabs = (region.len() / SLAB_BYTES) as u32;
        let next = |slab| if slab + 1 < slabs { slab + 1 } else { NONE };
        let record = |slab| Record { class: NONE, gone: 0, words: 0, next: next(slab), prev: NONE };
        let class = |class| {
            let size = size_of_class(class);
            let reciprocal = (1_u64 << 32).div_ceil(size as u64) as u32;
            let (size, objects) = (size as u32, (SLAB_BYTES / size) as u32);
            Class { front: 0, start: 0, word: NONE, size, objects, reciprocal }
        };
        Self {
            records: (0..slabs).map(record).collect(),
            map: vec![0; slabs as usize * WORDS].into_boxed_slice(),
            classes: std::array::from_fn(class),
            lists: [List { first: NONE, last: NONE }; CLASSES],
            source: if slabs > 0 { 0 } else { NONE },
            taken: Vec::new(),
            region,
        }
        // STUB: todo!("ps1.slab.new: cut {region:?} into slabs")
        // END
    }

    /// Gives every empty slab back to the page source; how many. An empty slab can then serve any class.
    pub fn shrink(&mut self) -> usize {
        // SOLUTION
        let mut count = 0;
        for class in 0..CLASSES {
            let before = usize::from(self.give_back(class));
            self.retreat(class);
            count += before + usize::from(self.give_back(class));
        }
        count
        // STUB: todo!("ps1.slab.shrink: give empty slabs back")
        // END
    }

    /// Takes in what other threads have freed: every object on `remote`, by its [`GRANULE`] number; how many
    /// were live until now. Numbers at which no live object starts change nothing.
    pub fn collect(&mut self, remote: &RemoteList) -> usize {
        // SOLUTION
        let mut taken = core::mem::take(&mut self.taken);
        remote.take_all(&mut taken);
        let home = |object: u32| self.free(object as usize * GRANULE, None).is_ok();
        let count = taken.drain(..).map(home).filter(|freed| *freed).count();
        self.taken = taken;
        count
        // STUB: todo!("ps1.slab.collect: free what is on {remote:p}")
        // END
    }
    // SOLUTION

    /// Puts a slab at one end of the list of its class.
    fn link(&mut self, slab: u32, class: usize, first: bool) {
        let List { first: head, last } = self.lists[class];
        let (prev, next) = if first { (NONE, head) } else { (last, NONE) };
        self.join(class, prev, slab);
        self.join(class, slab, next);
    }

    fn unlink(&mut self, slab: u32, class: usize) {
        let Record { prev, next, .. } = self.records[slab as usize];
        self.join(class, prev, next);
    }

    /// Makes two slabs neighbours; `NONE` stands for the list's own ends.
    fn join(&mut self, class: usize, left: u32, right: u32) {
        match left {
            NONE => self.lists[class].first = right,
            slab => self.records[slab as usize].next = right,
        }
        match right {
            NONE => self.lists[class].last = left,
            slab => self.records[slab as usize].prev = left,
        }
    }

    /// Gives the empty slab of a class back, if there is one.
    fn give_back(&mut self, class: usize) -> bool {
        let slab = self.lists[class].last;
        let empty = slab != NONE && self.records[slab as usize].gone == 0;
        if empty {
            self.unlink(slab, class);
            let record = &mut self.records[slab as usize];
            (record.class, record.next) = (NONE, self.source);
            self.source = slab;
        }
        empty
    }

    /// Takes the next word with a free object out of the map.
    #[inline(never)]
    fn advance(&mut self, class: usize) -> Result<(), AllocError> {
        if self.lists[class].first == NONE {
            self.cut(class)?;
        }
        let slab = self.lists[class].first;
        let record = &mut self.records[slab as usize];
        let within = record.words.trailing_zeros();
        let word = slab as usize * WORDS + within as usize;
        let front = core::mem::take(&mut self.map[word]);
        record.gone += front.count_ones();
        record.words &= record.words - 1;
        let full = record.words == 0;
        let own = &mut self.classes[class];
        let start = slab as usize * SLAB_BYTES + within as usize * 64 * own.size as usize;
        (own.front, own.word, own.start) = (front, word as u32, start as u64);
        if full {
            self.unlink(slab, class);
        }
        Ok(())
    }

    /// Puts the front back into the map.
    fn retreat(&mut self, class: usize) {
        let own = &mut self.classes[class];
        let (front, word) = (core::mem::take(&mut own.front), core::mem::replace(&mut own.word, NONE));
        if front != 0 {
            let (slab, within) = (word as usize / WORDS, word as usize % WORDS);
            self.map[word as usize] = front;
            let record = &mut self.records[slab];
            let was_full = record.words == 0;
            record.words |= 1 << within;
            record.gone -= front.count_ones();
            if was_full || record.gone == 0 {
                self.moved(slab as u32, class, was_full);
            }
        }
    }

    /// Cuts a slab for a class whose list is empty.
    #[cold]
    fn cut(&mut self, class: usize) -> Result<(), AllocError> {
        if self.source == NONE && self.shrink() == 0 {
            return Err(AllocError);
        }
        let slab = self.source;
        let objects = self.classes[class].objects as usize;
        let start = slab as usize * WORDS;
        for (word, bits) in self.map[start..start + objects.div_ceil(64)].iter_mut().enumerate() {
            *bits = u64::MAX >> (64 - (objects - word * 64).min(64));
        }
        let record = &mut self.records[slab as usize];
        self.source = record.next;
        (record.class, record.gone) = (class as u32, 0);
        record.words = u64::MAX >> (64 - objects.div_ceil(64));
        self.link(slab, class, true);
        Ok(())
    }

    /// Frees the object that starts at `offset`, if one of that class, or of any, is live there.
    #[inline]
    fn free(&mut self, offset: usize, class: Option<usize>) -> Result<(), FreeError> {
        let (slab, within) = (offset / SLAB_BYTES, offset % SLAB_BYTES);
        let record = self.records.get_mut(slab).ok_or(FreeError::NotABlock)?;
        let own = record.class as usize;
        // The page source has no class.
        let Some(home) = self.classes.get_mut(own) else {
            return Err(FreeError::DoubleFree);
        };
        let object = (within as u64 * u64::from(home.reciprocal) >> 32) as u32;
        if object >= home.objects {
            return Err(FreeError::NotABlock);
        }
        let (word, bit) = (slab * WORDS + object as usize / 64, 1 << (object % 64));
        let in_front = word as u32 == home.word;
        let mapped = &mut self.map[word];
        let bits = if in_front { &mut home.front } else { mapped };
        if *bits & bit != 0 {
            return Err(FreeError::DoubleFree);
        }
        if object * home.size != within as u32 {
            return Err(FreeError::InteriorPointer);
        }
        if class.is_some_and(|class| class != own) {
            return Err(FreeError::LayoutMismatch);
        }
        *bits |= bit;
        if in_front {
            return Ok(());
        }
        let was_full = record.words == 0;
        record.words |= 1 << (object / 64);
        record.gone -= 1;
        if was_full || record.gone == 0 {
            self.moved(slab as u32, own, was_full);
        }
        Ok(())
    }

    /// Puts a slab where it belongs, to which its first or its last object has come back.
    #[cold]
    fn moved(&mut self, slab: u32, class: usize, was_full: bool) {
        if !was_full {
            self.unlink(slab, class);
        }
        let empty = self.records[slab as usize].gone == 0;
        if empty {
            // One empty slab is kept, so that a loop of one object neither takes nor returns a slab.
            self.give_back(class);
        }
        self.link(slab, class, !empty);
    }
    // END
}

// SAFETY: an object that is handed out was free and is so no longer; objects of a slab share no byte, and
// slabs neither; it starts at a multiple of its size, which the alignment divides; and nothing in the region
// is ever written.
unsafe impl RawAllocator for Slab {
    /// Hands out an object of the layout's class. The slice is as long as the object. A slab is taken from the
    /// page source only when no slab of the class has a free object.
    ///
    /// Complexity: O(1), but for the cutting of a slab.
    ///
    /// # Errors
    ///
    /// [`AllocError`] where no class serves the layout; and where no slab of the class has a free object and
    /// no slab is empty, whoever has it.
    // SOLUTION
    #[inline]
    // END
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SOLUTION
        let class = class_of(layout.size(), layout.align()).ok_or(AllocError)?;
        if self.classes[class].front == 0 {
            self.advance(class)?;
        }
        let own = &mut self.classes[class];
        let (start, size) = (own.start as usize, own.size as usize);
        let object = own.front.trailing_zeros() as usize;
        own.front &= own.front - 1;
        self.region.prefetch(start + own.front.trailing_zeros() as usize * size);
        Ok(NonNull::slice_from_raw_parts(self.region.at(start + object * size), size))
        // STUB: todo!("ps1.slab.allocate: an object of the class of {layout:?}")
        // END
    }

    /// Takes an object back. Any layout of its class will do.
    ///
    /// Complexity: O(1).
    ///
    /// # Errors
    ///
    /// A [`FreeError`] by the rules at the top of this file, without a look at memory at `block`.
    ///
    /// # Safety
    ///
    /// `block` is a live object of this allocator, or one of those wrong addresses.
    // SOLUTION
    #[inline]
    // END
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        // SOLUTION
        let offset = self.region.offset_of(block).ok_or(FreeError::OutsideRegion)?;
        // No class at all is a mismatch with any.
        self.free(offset, Some(class_of(layout.size(), layout.align()).unwrap_or(CLASSES)))
        // STUB: todo!("ps1.slab.deallocate: take {block:?} of {layout:?} back, and move its slab between lists")
        // END
    }

    /// Reports, in address order: of a slab of the page source, one free extent; of any other, each object on
    /// its own, free or used, then its tail, if it has one, as metadata. At the end the rest of the region, if
    /// there is one, as metadata. An object on a remote list is used until it is collected.
    ///
    /// Complexity: O(objects).
    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        // SOLUTION
        for (slab, record) in self.records.iter().enumerate() {
            let (start, end) = (slab * SLAB_BYTES, (slab + 1) * SLAB_BYTES);
            let Some(class) = self.classes.get(record.class as usize) else {
                visit(Extent::free(start, SLAB_BYTES));
                continue;
            };
            let (size, objects) = (class.size as usize, class.objects as usize);
            for object in 0..objects {
                let word = slab * WORDS + object / 64;
                let bits = if word as u32 == class.word { class.front } else { self.map[word] };
                let free = bits >> (object % 64) & 1 == 1;
                let extent = if free { Extent::free } else { Extent::used };
                visit(extent(start + object * size, size));
            }
            if objects * size < SLAB_BYTES {
                visit(Extent::metadata(start + objects * size, end - start - objects * size));
            }
        }
        let end = self.records.len() * SLAB_BYTES;
        if end < self.region.len() {
            visit(Extent::metadata(end, self.region.len() - end));
        }
        // STUB: todo!("ps1.slab.walk: report every object and every free slab ({:p})", &raw const *visit)
        // END
    }
    // SOLUTION

    /// Stays in place where the class stays.
    unsafe fn reallocate(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Layout::from_size_align(new_size, old.align()).map_err(|_| AllocError)?;
        let class = class_of(new_size, old.align()).ok_or(AllocError)?;
        if class_of(old.size(), old.align()) == Some(class) {
            return Ok(NonNull::slice_from_raw_parts(block, size_of_class(class)));
        }
        let moved = self.allocate(new)?;
        // SAFETY: both objects are live, so they don't overlap, and both hold the count.
        unsafe { block.copy_to_nonoverlapping(moved.cast(), old.size().min(new_size)) };
        // SAFETY: the caller's contract, so nothing is refused.
        let _ = unsafe { self.deallocate(block, old) };
        Ok(moved)
    }
    // END
}
