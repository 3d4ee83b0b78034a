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

use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};

/// Bytes of a slab, and what it is aligned to within the region.
pub const SLAB_BYTES: usize = 64 << 10;

/// The largest size that a class serves, in bytes.
pub const LARGEST_CLASS: usize = 8 << 10;

/// What objects are named in on a [`RemoteList`]: an object's number is its offset in the region over this.
pub const GRANULE: usize = 16;

/// The object size of the class that serves `size` bytes at `align`, a power of two, or `None` if no class
/// does. None serves size zero.
///
/// Classes are multiples of 16 up to 128, then four a doubling. A class serves an alignment if its objects
/// all have it: so class 48 is aligned to 16, not to 32.
pub fn class_size(size: usize, align: usize) -> Option<usize> {
    todo!("ps1.slab.class_size: the least class for {size} bytes aligned to {align}")
}

/// Objects on their way home: any thread pushes, the owner takes all at once.
///
/// It links the numbers below `objects`, each at most once at a time. Write it with `heap_api::sync`: it is
/// what is model checked.
#[derive(Debug)]
pub struct RemoteList {
    // Your fields, each with its invariant.
}

impl RemoteList {
    /// An empty list for the numbers below `objects`.
    pub fn new(objects: u32) -> Self {
        todo!("ps1.slab.remote_new: links for {objects} objects")
    }

    /// Adds one object. What its thread did before is visible to whoever takes it.
    pub fn push(&self, object: u32) {
        todo!("ps1.slab.push: link {object} in front, then publish it")
    }

    /// Appends all objects to `out`, in any order, and leaves the list empty; how many there were.
    pub fn take_all(&self, out: &mut Vec<u32>) -> usize {
        todo!("ps1.slab.take_all: detach the list and append it to room for {} objects", out.capacity())
    }
}

/// A slab allocator over one region, for sizes up to [`LARGEST_CLASS`].
#[derive(Debug)]
pub struct Slab {
    // Your fields, each with its invariant.
}

impl Slab {
    /// Takes over `region`, all of it free. A rest that is no whole slab is not used.
    pub fn new(region: Region) -> Self {
        todo!("ps1.slab.new: cut {region:?} into slabs")
    }

    /// Gives every empty slab back to the page source; how many. An empty slab can then serve any class.
    pub fn shrink(&mut self) -> usize {
        todo!("ps1.slab.shrink: give empty slabs back")
    }

    /// Takes in what other threads have freed: every object on `remote`, by its [`GRANULE`] number; how many
    /// were live until now. Numbers at which no live object starts change nothing.
    pub fn collect(&mut self, remote: &RemoteList) -> usize {
        todo!("ps1.slab.collect: free what is on {remote:p}")
    }
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
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        todo!("ps1.slab.allocate: an object of the class of {layout:?}")
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
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("ps1.slab.deallocate: take {block:?} of {layout:?} back, and move its slab between lists")
    }

    /// Reports, in address order: of a slab of the page source, one free extent; of any other, each object on
    /// its own, free or used, then its tail, if it has one, as metadata. At the end the rest of the region, if
    /// there is one, as metadata. An object on a remote list is used until it is collected.
    ///
    /// Complexity: O(objects).
    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        todo!("ps1.slab.walk: report every object and every free slab ({:p})", &raw const *visit)
    }
}
