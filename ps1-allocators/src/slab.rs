//! The slab allocator: objects of one size side by side, and everything known about them elsewhere.
//!
//! ```text
//!   source    │ slab │ slab │ slab │ …       SLAB_BYTES each, from a page source
//!   slab      │ obj │ obj │ obj │ … │ tail │     of one class; no header
//!   lists     full ◄─► partial ◄─► empty     a slab moves when its first or last object goes
//!   remote    other threads push what they free here; the owner takes all at once
//! ```
//!
//! Metadata is out of line: an object's slab is found from its address, and a slab's record from its number.
//! So an overflow destroys a neighbour, never the allocator, and an object can fill its slot.
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

/// The object size of the class that serves `size` bytes at `align`, or `None` if no class does.
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
pub struct RemoteList {}

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
pub struct Slab {}

impl Slab {
    /// Takes over `region`, all of it free. A rest that is no whole slab is not used.
    pub fn new(region: Region) -> Self {
        todo!("ps1.slab.new: cut {region:?} into slabs")
    }

    /// Gives every empty slab back to the page source; how many. An empty slab can then serve any class.
    pub fn shrink(&mut self) -> usize {
        todo!("ps1.slab.shrink: give empty slabs back")
    }
}

// SAFETY: nothing is served yet.
unsafe impl RawAllocator for Slab {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        todo!("ps1.slab.allocate: an object of the class of {layout:?}")
    }

    /// Tells double frees, interior pointers, and addresses that are no object.
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("ps1.slab.deallocate: take {block:?} of {layout:?} back, and move its slab between lists")
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        todo!(
            "ps1.slab.walk: report every object, free or used, and every free slab ({:p})",
            &raw const *visit
        )
    }
}
