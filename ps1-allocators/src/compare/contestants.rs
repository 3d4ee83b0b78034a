//! Who takes part: the students' allocators and their peers, a line each.

use crate::peers::{Alone, BuddySystem, Global, Rlsf, Talc};
use crate::race::{Racer, Racing};
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region, SharedAllocator};
use ps1_allocators::buddy::Buddy;
use ps1_allocators::slab::{LARGEST_CLASS, Slab, class_size};
use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::NonNull;

/// One who takes part.
pub struct Entrant {
    /// As it is shown.
    pub name: &'static str,
    /// Makes it, with a region of so many bytes where it needs one; `None` where there is no such region.
    pub make: fn(usize) -> Option<Box<dyn Racer>>,
}

/// Everyone. The first is what the others are compared with. An answer of yours joins with a line like Buddy's.
pub fn all() -> Vec<Entrant> {
    vec![
        Entrant { name: "System", make: |_| global(System) },
        Entrant { name: "Buddy (yours)", make: |len| over(len, Buddy::new) },
        Entrant { name: "Slab (yours)", make: slab },
        Entrant { name: "buddy_system_allocator", make: |len| over(len, BuddySystem::<48>::new) },
        Entrant { name: "rlsf", make: |len| over(len, Rlsf::new) },
        Entrant { name: "talc", make: |len| over(len, Talc::new) },
        #[cfg(feature = "native-peers")]
        Entrant { name: "mimalloc", make: |_| global(mimalloc::MiMalloc) },
        #[cfg(feature = "native-peers")]
        Entrant { name: "jemalloc", make: |_| global(tikv_jemallocator::Jemalloc) },
    ]
}

/// Of huge pages, as those who take their memory from the system by themselves ask it for them.
fn region(len: usize) -> Option<Region> {
    let region = Region::map(len).ok()?;
    region.ask_for_huge_pages();
    Some(region)
}

/// An allocator over a region of its own.
fn over<A: RawAllocator + 'static>(len: usize, new: fn(Region) -> A) -> Option<Box<dyn Racer>> {
    let region = region(len)?;
    let base = region.base().addr().get();
    Some(Box::new(Racing::new(new(region), Some(base..base + len))))
}

/// Has no region of its own to look at, since what is large lies elsewhere.
fn slab(len: usize) -> Option<Box<dyn Racer>> {
    Some(Box::new(Racing::new(SmallInSlab(Slab::new(region(len)?)), None)))
}

/// A slab allocator for what it serves, and the system's for what is larger.
struct SmallInSlab(Slab);

// SAFETY: a layout decides who serves it, at its allocation and its free alike, and both keep the contract.
unsafe impl RawAllocator for SmallInSlab {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if in_slab(layout) { self.0.allocate(layout) } else { Global(System).allocate(layout) }
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        if in_slab(layout) {
            // SAFETY: the caller's contract is the same.
            unsafe { self.0.deallocate(block, layout) }
        } else {
            // SAFETY: as above.
            unsafe { Global(System).deallocate(block, layout) }
        }
    }

    /// In place where the same one serves both sizes and can; else the block moves from one to the other.
    unsafe fn reallocate(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let new = Layout::from_size_align(new_size, old.align()).map_err(|_| AllocError)?;
        match (in_slab(old), in_slab(new)) {
            // SAFETY: the caller's contract is the same.
            (true, true) => return unsafe { self.0.reallocate(block, old, new_size) },
            // SAFETY: as above.
            (false, false) => return unsafe { Global(System).reallocate(block, old, new_size) },
            _ => {}
        }
        let moved = self.allocate(new)?;
        // SAFETY: both blocks are live and hold the count, and live blocks don't overlap.
        unsafe { block.copy_to_nonoverlapping(moved.cast(), old.size().min(new_size)) };
        // SAFETY: the caller's contract.
        unsafe { self.deallocate(block, old) }.map_err(|_| AllocError)?;
        Ok(moved)
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        self.0.walk(visit);
    }
}

#[inline]
fn in_slab(layout: Layout) -> bool {
    layout.size() <= LARGEST_CLASS
        && (layout.align() <= 16 || class_size(layout.size(), layout.align()).is_some())
}

/// An allocator that takes its memory from the system by itself.
fn global<G: GlobalAlloc + Sync + 'static>(allocator: G) -> Option<Box<dyn Racer>> {
    Some(Box::new(Racing::new(Alone(Global(allocator)), None)))
}
