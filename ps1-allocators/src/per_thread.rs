//! Makes a shared allocator of the slab exercise's two parts: a [`Slab`] a thread, and a [`RemoteList`] for each
//! into which the others free.
//!
//! ```text
//!   thread 0 ──allocate, free own──► home 0: Slab, region 0
//!   thread 1 ──free of another's───► home 0: RemoteList ──collect──► Slab, at an allocation of thread 0
//! ```
//!
//! It is given. A home's lock is its owner's alone while threads are at work, so nobody waits for it: a thread
//! that frees another's object pushes it and goes on.

use crate::slab::{GRANULE, RemoteList, Slab};
use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::sync::{Mutex, MutexGuard};
use heap_api::thread;
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region, SharedAllocator};

/// After how many allocations a thread takes in what others have freed for it, if it is not short before.
const COLLECT_EVERY: u32 = 64;

/// A slab allocator with a home a thread. More threads than homes share them.
pub struct PerThread {
    homes: Box<[Home]>,
}

/// A thread's part.
struct Home {
    own: Mutex<Own>,
    remote: Apart<RemoteList>,
    /// Where the home's region starts, and its bytes.
    start: usize,
    len: usize,
}

/// On cache lines of its own, and the neighbours': what other threads write to must not take from the owner's cache
/// what it alone uses.
#[repr(align(128))]
struct Apart<T>(T);

/// What only the owner enters.
struct Own {
    slab: Slab,
    /// Allocations since the last collection.
    since: u32,
}

impl PerThread {
    /// A home for each region.
    pub fn new(regions: Vec<Region>) -> Self {
        let home = |region: Region| {
            let (start, len) = (region.base().addr().get(), region.len());
            let remote = RemoteList::new(u32::try_from(len / GRANULE).unwrap_or(u32::MAX));
            Home {
                own: Mutex::new(Own { slab: Slab::new(region), since: 0 }),
                remote: Apart(remote),
                start,
                len,
            }
        };
        Self { homes: regions.into_iter().map(home).collect() }
    }

    /// The home of the thread that asks.
    fn home(&self) -> Option<usize> {
        thread::ordinal().checked_rem(self.homes.len())
    }
}

impl Home {
    fn enter(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let mut own = self.enter();
        own.since += 1;
        if own.since >= COLLECT_EVERY {
            own.since = 0;
            own.slab.collect(&self.remote.0);
        }
        own.slab.allocate(layout).or_else(|_| {
            own.slab.collect(&self.remote.0);
            own.slab.allocate(layout)
        })
    }
}

// SAFETY: a block is its home's `Slab`'s, which keeps the contract, and is live there until its owner has
// collected what a foreign thread pushed; `push` makes what that thread did to it visible before.
unsafe impl SharedAllocator for PerThread {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.homes[self.home().ok_or(AllocError)?].allocate(layout)
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        let offset = |home: &Home| block.addr().get().wrapping_sub(home.start);
        let inside = |home: &Home| offset(home) < home.len;
        let number = self.homes.iter().position(inside).ok_or(FreeError::OutsideRegion)?;
        let home = &self.homes[number];
        if self.home() == Some(number) {
            // SAFETY: the caller's contract is the same.
            return unsafe { home.enter().slab.deallocate(block, layout) };
        }
        home.remote.0.push((offset(home) / GRANULE) as u32);
        Ok(())
    }

    /// Takes in what was freed from afar, gives empty slabs back, and reports the homes one after the other, as
    /// if their regions lay side by side.
    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        let mut before = 0;
        for home in &self.homes {
            let mut own = home.enter();
            own.slab.collect(&home.remote.0);
            own.slab.shrink();
            own.slab.walk(&mut |extent| visit(Extent { offset: before + extent.offset, ..extent }));
            before += home.len;
        }
    }
}
