//! A cache-friendly allocator: what is used together lies together, what is not lies apart.
//!
//! ```text
//!   line      │ node │ node │ hinted near each other: one miss brings both
//!   slab n    │ colour n │ header │ slots …        headers fall into different cache sets
//!   threads   │ lines of thread 0 │ lines of thread 1 │   no line belongs to two of them
//! ```
//!
//! Sources: T. Chilimbi, M. Hill and J. Larus, "Cache-conscious structure layout", PLDI 1999 (`ccmalloc`);
//! J. Bonwick, "The slab allocator", USENIX 1994, section 4 (colouring); E. Berger et al., "Hoard",
//! ASPLOS 2000 (false sharing).

use crate::Bus;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};

/// Bytes of a cache line.
pub const LINE: usize = 64;

/// The thread that will write to a block. No line ever holds live blocks of two owners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Owner(pub u16);

/// Serves small blocks by line; up to [`LINE`] bytes none straddles two lines.
///
/// As a [`RawAllocator`] it serves owner 0 without a hint.
#[derive(Debug)]
pub struct CacheAllocator<B> {
    /// Owns the bus.
    bus: PhantomData<B>,
}

impl<B: Bus> CacheAllocator<B> {
    /// Takes over `region`; metadata in it is loaded and stored through `bus`.
    pub fn new(region: Region, bus: B) -> Self {
        todo!("ps3.cache.new: cut {region:?} into slabs, tell {} bytes of bus", size_of_val(&bus))
    }

    /// Hands out a block for `owner`, in the line of the live block `near` if there is room, else as close
    /// to it as can be. Without a hint, anywhere cheap.
    ///
    /// # Errors
    ///
    /// As [`RawAllocator::allocate`].
    pub fn allocate_near(
        &mut self,
        layout: Layout,
        near: Option<NonNull<u8>>,
        owner: Owner,
    ) -> Result<NonNull<[u8]>, AllocError> {
        todo!("ps3.cache.allocate_near: a slot for {layout:?} near {near:?} of {owner:?}")
    }

    /// The bus.
    pub fn bus(&mut self) -> &mut B {
        todo!("ps3.cache.bus: the bus that new was given {:?}", self.bus)
    }
}

// SAFETY: nothing is served yet.
unsafe impl<B: Bus> RawAllocator for CacheAllocator<B> {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.allocate_near(layout, None, Owner(0))
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("ps3.cache.deallocate: give {block:?} of {layout:?} back to its owner's line")
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        todo!("ps3.cache.walk: report headers, colours and slots ({:p})", &raw const *visit)
    }
}
