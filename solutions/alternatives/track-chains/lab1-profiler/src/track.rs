//! Tracking: every allocation and free of a running program, without bringing it to a stand.
//!
//! ```text
//!   heads   │ 2 │ - │ 0 │ - │ …         a list of nodes for each hash, by number
//!   nodes   │ block size site next │ block size site next │ …     in use, or in the list of free ones
//!   counts  │ thread 0 │ thread 1 │ …   each on its own lines, summed when asked
//! ```
//!
//! This design chains. A shard is chosen by the address, a list in it by a hash; taking a record out is taking a
//! node out of its list. Counters are by thread rather than by shard, and what a thread's live bytes changed by
//! is told to all when it comes to the slack.
//!
//! Sources: M. Krause, heaptrack (its `README` and `libheaptrack.cpp`); N. Nethercote, DHAT, in the
//! Valgrind manual; jemalloc's `prof` documentation; the crate `dhat`.

use crate::{Heap, Site};
use core::fmt;
use core::num::NonZeroUsize;
use core::ptr::NonNull;
use core::slice::from_raw_parts_mut;
use heap_api::Region;
use heap_api::sync::atomic::{AtomicU64, Ordering::Relaxed};
use heap_api::sync::{Mutex, MutexGuard};
use heap_api::thread;

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

/// Parts of the table, each behind a lock.
const SHARDS: usize = if cfg!(feature = "loom") { 2 } else { 64 };

/// Parts of the counters. A thread has one to itself, unless more than these have been at work.
const STRIPES: usize = if cfg!(feature = "loom") { 4 } else { 64 };

/// Nodes of a shard at first.
const FIRST: usize = 64;

/// The number that ends a list.
const NONE: u32 = u32::MAX;

/// A record, or free.
#[derive(Clone, Copy)]
#[repr(C)]
struct Node {
    /// Where the block starts; 0 while the node is free.
    block: usize,
    size: usize,
    site: Site,
    /// The next node of the list.
    next: u32,
}

/// One shard: as many lists as there are nodes.
struct Table {
    /// The nodes, and behind them the first one of each list.
    region: Option<Region>,
    /// How many nodes, and lists.
    count: usize,
    /// The first of the list of free nodes.
    free: u32,
}

impl Table {
    fn parts(&mut self) -> (&mut [Node], &mut [u32]) {
        let Some(region) = &self.region else { return (&mut [], &mut []) };
        let nodes = region.base().cast::<Node>();
        // SAFETY: the region is the table's alone and was mapped for so many nodes, and as many numbers behind
        // them; all zeros are both.
        unsafe {
            let heads = nodes.add(self.count).cast::<u32>();
            (from_raw_parts_mut(nodes.as_ptr(), self.count), from_raw_parts_mut(heads.as_ptr(), self.count))
        }
    }

    /// The list of a block, of which there is one at least.
    fn list(&self, block: usize) -> usize {
        let hash = (block as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        (hash * self.count as u64 >> 32) as usize
    }

    /// Has half as many nodes more, and all in lists of their own length. Nothing changes if there is no memory.
    fn grow(&mut self) {
        let count = FIRST.max(self.count + self.count / 2);
        let Ok(region) = Region::map(count * (size_of::<Node>() + size_of::<u32>())) else { return };
        let mut old = Self { region: self.region.replace(region), ..*self };
        self.count = count;
        self.free = NONE;
        self.parts().1.fill(NONE);
        for number in (0..count).rev() {
            let node = old.parts().0.get(number).copied();
            let list = node.map(|node| self.list(node.block));
            let free = self.free;
            let (nodes, heads) = self.parts();
            let head = list.map(|list| &mut heads[list]);
            nodes[number] = node.unwrap_or(Node { block: 0, size: 0, site: 0, next: free });
            match head {
                Some(head) => nodes[number].next = core::mem::replace(head, number as u32),
                None => self.free = number as u32,
            }
        }
    }

    /// Adds a record, if there is memory for it.
    fn insert(&mut self, record: Record) -> bool {
        if self.free == NONE {
            self.grow();
        }
        let number = self.free;
        if number == NONE {
            return false;
        }
        let block = record.block.addr().get();
        let list = self.list(block);
        let (nodes, heads) = self.parts();
        let node = &mut nodes[number as usize];
        let free = node.next;
        let next = core::mem::replace(&mut heads[list], number);
        *node = Node { block, size: record.size, site: record.site, next };
        self.free = free;
        true
    }

    /// Takes a record out.
    fn remove(&mut self, block: NonNull<u8>) -> Option<Record> {
        if self.count == 0 {
            return None;
        }
        let (list, free) = (self.list(block.addr().get()), self.free);
        let (nodes, heads) = self.parts();
        let (mut before, mut number) = (NONE, heads[list]);
        while nodes.get(number as usize)?.block != block.addr().get() {
            before = number;
            number = nodes[number as usize].next;
        }
        let Node { size, site, next, .. } = nodes[number as usize];
        match nodes.get_mut(before as usize) {
            Some(before) => before.next = next,
            None => heads[list] = next,
        }
        nodes[number as usize] = Node { block: 0, size: 0, site: 0, next: free };
        self.free = number;
        Some(Record { block, size, site })
    }
}

/// On cache lines of its own.
#[repr(align(128))]
struct Apart<T>(T);

/// What one thread did.
#[derive(Default)]
struct Counts {
    allocations: AtomicU64,
    frees: AtomicU64,
    reallocations: AtomicU64,
    /// Bytes ever handed out.
    total: AtomicU64,
    /// Bytes that are live no more.
    gone: AtomicU64,
    /// What its live bytes went up by since it told, modulo 2^64.
    untold: AtomicU64,
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
    heap: H,
    shards: [Apart<Mutex<Table>>; SHARDS],
    stripes: [Apart<Counts>; STRIPES],
    /// The live bytes that threads have told of, modulo 2^64.
    live: AtomicU64,
    /// The most that these ever were.
    peak: AtomicU64,
}

impl<H: Heap> Tracker<H> {
    /// Nothing is live yet.
    pub fn new(heap: H) -> Self {
        let table = || Table { region: None, count: 0, free: NONE };
        Self {
            heap,
            shards: core::array::from_fn(|_| Apart(Mutex::new(table()))),
            stripes: core::array::from_fn(|_| Apart(Counts::default())),
            live: AtomicU64::new(0),
            peak: AtomicU64::new(0),
        }
    }

    /// Allocates and records. A failure is recorded nowhere.
    pub fn malloc(&self, size: usize, align: usize, site: Site) -> Option<NonNull<u8>> {
        let block = self.heap.malloc(size.max(1), align)?;
        self.allocated(Record { block, size, site });
        Some(block)
    }

    /// Frees and forgets. A block that was never recorded (older than the tracker) is freed all the same, and
    /// counted nowhere.
    ///
    /// # Safety
    ///
    /// As for [`Heap::free`].
    pub unsafe fn free(&self, block: NonNull<u8>) {
        let record = self.shard(block).remove(block);
        if let Some(record) = record {
            self.freed(record.size);
        }
        // SAFETY: the caller's contract.
        unsafe { self.heap.free(block) }
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
        let Some(block) = block else { return self.malloc(size, align, site) };
        if size == 0 {
            // SAFETY: the caller's contract.
            unsafe { self.free(block) };
            return None;
        }
        let old = self.shard(block).remove(block);
        // SAFETY: the caller's contract, and the size is not zero.
        let moved = unsafe { self.heap.realloc(block, size, align) };
        match (old, moved) {
            (Some(old), Some(block)) => {
                let counts = self.counts();
                counts.reallocations.fetch_add(1, Relaxed);
                counts.total.fetch_add(size.saturating_sub(old.size) as u64, Relaxed);
                counts.gone.fetch_add(old.size.saturating_sub(size) as u64, Relaxed);
                self.changed((size as u64).wrapping_sub(old.size as u64));
                self.insert(Record { block, size, site: old.site });
            }
            (Some(old), None) => self.insert(old),
            (None, Some(block)) => self.allocated(Record { block, size, site }),
            (None, None) => {}
        }
        moved
    }

    /// The sums. Exact while no other thread is inside, but for the peak.
    pub fn totals(&self) -> Totals {
        let sum = |of: fn(&Counts) -> &AtomicU64| {
            self.stripes.iter().fold(0, |sum: u64, stripe| sum.wrapping_add(of(&stripe.0).load(Relaxed)))
        };
        let total_bytes = sum(|counts| &counts.total);
        let live_bytes = total_bytes.wrapping_sub(sum(|counts| &counts.gone));
        Totals {
            allocations: sum(|counts| &counts.allocations),
            frees: sum(|counts| &counts.frees),
            reallocations: sum(|counts| &counts.reallocations),
            total_bytes,
            live_bytes,
            peak_bytes: self.peak.load(Relaxed).max(live_bytes),
        }
    }

    /// Calls `visit` for every live block, in any order, without calling the heap. A block on its way through
    /// `realloc` may be left out. `visit` does not call the tracker.
    pub fn live(&self, visit: &mut dyn FnMut(Record)) {
        for Apart(shard) in &self.shards {
            let mut table = shard.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            for node in table.parts().0.iter() {
                if let Some(block) = NonZeroUsize::new(node.block) {
                    let block = NonNull::without_provenance(block);
                    visit(Record { block, size: node.size, site: node.site });
                }
            }
        }
    }

    /// The shard of a block, by its 64 KiB: what a thread has had lately often lies together. Multiplied, since threads'
    /// areas tend to begin at like places.
    fn shard(&self, block: NonNull<u8>) -> MutexGuard<'_, Table> {
        let area = (block.addr().get() as u64 >> 16).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let Apart(shard) = &self.shards[area as usize % SHARDS];
        shard.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// This thread's counters.
    fn counts(&self) -> &Counts {
        &self.stripes[thread::ordinal() % STRIPES].0
    }

    fn allocated(&self, record: Record) {
        let counts = self.counts();
        counts.allocations.fetch_add(1, Relaxed);
        counts.total.fetch_add(record.size as u64, Relaxed);
        self.changed(record.size as u64);
        self.insert(record);
    }

    fn freed(&self, size: usize) {
        let counts = self.counts();
        counts.frees.fetch_add(1, Relaxed);
        counts.gone.fetch_add(size as u64, Relaxed);
        self.changed((size as u64).wrapping_neg());
    }

    /// Adds a record. One of the same address was given back unseen, and one for which there is no memory counts
    /// as given back at once.
    fn insert(&self, record: Record) {
        let (unseen, inserted) = {
            let mut shard = self.shard(record.block);
            (shard.remove(record.block), shard.insert(record))
        };
        for size in
            [unseen.map(|unseen| unseen.size), (!inserted).then_some(record.size)].into_iter().flatten()
        {
            self.freed(size);
        }
    }

    /// The live bytes went up by `bytes`, modulo 2^64.
    fn changed(&self, bytes: u64) {
        let untold = &self.counts().untold;
        let now = untold.fetch_add(bytes, Relaxed).wrapping_add(bytes);
        if now.cast_signed().unsigned_abs() >= PEAK_SLACK as u64 {
            let told = untold.swap(0, Relaxed);
            // Below 0 where what one thread allocated and has not told of was freed by another.
            let live = self.live.fetch_add(told, Relaxed).wrapping_add(told).cast_signed();
            self.peak.fetch_max(live.max(0).cast_unsigned(), Relaxed);
        }
    }
}

impl<H> fmt::Debug for Tracker<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").finish_non_exhaustive()
    }
}
