//! Tracking: every allocation and free of a running program, without bringing it to a stand.
//!
//! ```text
//!   malloc ─► heap ─► table[shard(p)].insert(p)         the record exists while the block does:
//!   free   ─► table[shard(p)].remove(p) ─► heap         inserted after, removed before
//!   counters  │ thread 0 │ thread 1 │ …                 or shard 0, shard 1 …: each on its own lines,
//!                                                       summed when asked
//! ```
//!
//! Once the heap has a block back, another thread may be given the same address at once. Whoever removes
//! the record after that removes the other thread's.
//!
//! Sources: M. Krause, heaptrack (its `README` and `libheaptrack.cpp`); N. Nethercote, DHAT, in the
//! Valgrind manual; jemalloc's `prof` documentation; the crate `dhat`.

use crate::{Heap, Site};
use core::fmt;
use core::ptr::NonNull;

/// How far the reported peak may lie from the true one, in bytes a thread.
pub const PEAK_SLACK: usize = 64 << 10;

/// A live block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Its first byte; an address to name it by, not one to read at.
    pub block: NonNull<u8>,
    /// The size that was asked for.
    pub size: usize,
    /// Where it was first allocated; a `realloc` keeps it.
    pub site: Site,
}

/// Sums since the start. `total_bytes >= peak_bytes >= live_bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Blocks ever recorded.
    pub allocations: u64,
    /// Recorded blocks that were given back.
    pub frees: u64,
    /// Successful changes of size. Each counts once here and neither as allocation nor as free.
    pub reallocations: u64,
    /// Bytes ever handed out: allocated sizes, and what blocks grew by.
    pub total_bytes: u64,
    /// Bytes live now.
    pub live_bytes: u64,
    /// The most that were ever live at once; may be off by [`PEAK_SLACK`] a thread.
    pub peak_bytes: u64,
}

/// Stands before a heap and records what passes. Shared by threads; size zero is passed on as size one,
/// and recorded as zero.
///
/// It holds no lock while the heap is called: a heap may take its time, or come back with a call of its own.
/// Once made it takes nothing from the global allocator, before which it may stand itself; memory for its table
/// comes from [`heap_api::Region`].
///
/// Write it with `heap_api::sync` so that it can be model checked.
pub struct Tracker<H> {
    /// Owns the heap.
    heap: core::marker::PhantomData<H>,
}

impl<H: Heap> Tracker<H> {
    /// Nothing is live yet.
    pub fn new(heap: H) -> Self {
        todo!("lab1.track.new: an empty table before {} bytes of heap", size_of_val(&heap))
    }

    /// Allocates and records. A failure is recorded nowhere.
    pub fn malloc(&self, size: usize, align: usize, site: Site) -> Option<NonNull<u8>> {
        todo!("lab1.track.malloc: {size} bytes aligned to {align} for site {site} {:?}", self.heap)
    }

    /// Frees and forgets. A block that was never recorded (older than the tracker) is freed all the same, and
    /// counted nowhere.
    ///
    /// # Safety
    ///
    /// As for [`Heap::free`].
    pub unsafe fn free(&self, block: NonNull<u8>) {
        todo!("lab1.track.free: forget {block:?}, then free it")
    }

    /// Moves a block to another size, as one event. `None` as `block` allocates; size zero frees and gives
    /// `None`; on failure the old block stays recorded as it was. A block that was never recorded counts as
    /// allocated here, with the new size and this site.
    ///
    /// # Safety
    ///
    /// As for [`Heap::realloc`].
    pub unsafe fn realloc(
        &self,
        block: Option<NonNull<u8>>,
        size: usize,
        align: usize,
        site: Site,
    ) -> Option<NonNull<u8>> {
        todo!("lab1.track.realloc: {block:?} to {size} bytes aligned to {align}, site {site}")
    }

    /// The sums. Exact while no other thread is inside, but for the peak.
    pub fn totals(&self) -> Totals {
        todo!("lab1.track.totals: sum the threads' counters")
    }

    /// Calls `visit` for every live block, in any order, without calling the heap. A block on its way through
    /// `realloc` may be left out. `visit` does not call the tracker.
    pub fn live(&self, visit: &mut dyn FnMut(Record)) {
        todo!("lab1.track.live: visit every record ({:p})", &raw const *visit)
    }
}

impl<H> fmt::Debug for Tracker<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").finish_non_exhaustive()
    }
}
