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
// SOLUTION
use core::num::NonZeroUsize;
// END
use core::ptr::NonNull;
// SOLUTION
use heap_api::Region;
use heap_api::sync::SpinLock;
use heap_api::sync::atomic::{AtomicU64, Ordering};
// END

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
// SOLUTION

/// Parts of the table, each with a lock: many more than threads at work, so that two rarely want the same.
/// Few in a model, since each of them has to be gone through.
const SHARDS: usize = if cfg!(feature = "loom") { 2 } else { 64 };

/// How far the live bytes of a shard may go before the watermark is told: all shards together stay within the
/// slack of one thread.
const UNTOLD: u64 = (PEAK_SLACK / SHARDS) as u64;

/// Buckets of a shard at first. Those of all shards hold some thousand blocks.
const FIRST: usize = 48;

/// Entries of a bucket.
const WIDTH: usize = 3;

/// A cache line of entries: one look answers for three, and usually it is the only one. All zero while it is
/// empty, as mapped memory is. (Like the chunks of F14: N. Bronson and X. Shi, *Open-sourcing F14 for faster,
/// more memory-efficient hash tables*, 2019.)
///
/// ```text
///   │ block │ block │ block │ size │ size │ size │ site │ site │ site │ passed │     64 bytes
/// ```
#[repr(C, align(64))]
struct Bucket {
    /// Where each entry's block starts, or 0 where there is no entry.
    blocks: [usize; WIDTH],
    sizes: [usize; WIDTH],
    sites: [Site; WIDTH],
    /// How many entries that belong here or before are further on, since this bucket was full.
    passed: u32,
}

impl Bucket {
    /// Which entry has this block; of 0, one that is empty. Without a branch for each of them.
    #[inline]
    fn entry(&self, block: usize) -> Option<usize> {
        let equal =
            (0..WIDTH).fold(0, |equal, entry| equal | u32::from(self.blocks[entry] == block) << entry);
        (equal != 0).then(|| equal.trailing_zeros() as usize)
    }
}

/// The golden ratio's part of 2^64. A product with it differs in its upper bits for numbers that differ
/// anywhere, those of neighbours most of all (Knuth, §6.4).
const PHI: u64 = 0x9e37_79b9_7f4a_7c15;

/// Blocks in the same 64 KiB share a shard, by the binary logarithm. Heaps give threads such pieces of their own,
/// so that each thread's lines of the table stay with its processor.
const PIECE: u32 = 16;

/// Which of so many places a number means.
#[inline]
const fn spread(number: usize, places: usize) -> usize {
    let hash = (number as u64).wrapping_mul(PHI);
    ((hash as u128 * places as u128) >> 64) as usize
}

/// The shard of a block.
#[inline]
const fn shard(block: usize) -> usize {
    spread(block >> PIECE, SHARDS)
}

/// The bucket that a block belongs into, of so many: blocks of the same 512 bytes have four side by side. What a program
/// allocates together, it often frees together, and then finds in its caches.
#[inline]
const fn home(block: usize, buckets: usize) -> usize {
    4 * spread(block / 512, buckets / 4) + block / 128 % 4
}

/// The bucket after this one, counted around.
#[inline]
const fn after(at: usize, buckets: usize) -> usize {
    if at + 1 < buckets { at + 1 } else { 0 }
}

/// The blocks of one shard, and its part of the sums.
struct Table {
    /// Holds the buckets, unless there were none so far. A block's entry is in the bucket that its address means,
    /// or in the next one, counted around, that had room.
    region: Option<Region>,
    /// How many entries there are.
    len: usize,
    /// Of this shard's blocks alone; the live bytes are those of its entries, and the peak stays 0.
    totals: Totals,
    /// The live bytes that the watermark knows of.
    told: u64,
}

impl Table {
    fn new(region: Option<Region>) -> Self {
        Self { region, len: 0, totals: Totals::default(), told: 0 }
    }

    #[inline]
    fn buckets(&mut self) -> &mut [Bucket] {
        let Some(region) = &self.region else { return &mut [] };
        let count = region.len() / size_of::<Bucket>();
        // SAFETY: the region is the table's alone, and its base is aligned to more than a bucket. It holds
        // `count` buckets, since what it was mapped with, zeros, are buckets too.
        unsafe { core::slice::from_raw_parts_mut(region.base().cast().as_ptr(), count) }
    }

    /// Where a block's entry is: its bucket, and which one of that.
    #[inline]
    fn find(&mut self, block: usize) -> Option<(usize, usize)> {
        let buckets = self.buckets();
        let mut at = home(block, buckets.len());
        for _ in 0..buckets.len() {
            if let Some(entry) = buckets[at].entry(block) {
                return Some((at, entry));
            }
            if buckets[at].passed == 0 {
                return None;
            }
            at = after(at, buckets.len());
        }
        None
    }

    /// Fills an empty entry, of which there is one.
    #[inline]
    fn fill(&mut self, record: Record) {
        let block = record.block.addr().get();
        let buckets = self.buckets();
        let mut at = home(block, buckets.len());
        let entry = loop {
            match buckets[at].entry(0) {
                Some(entry) => break entry,
                None => buckets[at].passed += 1,
            }
            at = after(at, buckets.len());
        };
        let bucket = &mut buckets[at];
        bucket.blocks[entry] = block;
        bucket.sizes[entry] = record.size;
        bucket.sites[entry] = record.site;
        self.len += 1;
    }

    /// Keeps the load at four fifths at most, beyond which many buckets are passed; as long as there is memory.
    fn make_room(&mut self) {
        let count = self.buckets().len();
        if 5 * (self.len + 1) <= 4 * count * WIDTH {
            return;
        }
        // By half: so the load is 0.65 on average over all lengths. By twice it would be 0.55.
        let Ok(region) = Region::map(FIRST.max(count + count / 2) * size_of::<Bucket>()) else { return };
        let mut old = Self::new(self.region.replace(region));
        self.len = 0;
        old.each(|record| self.fill(record));
    }

    /// Adds a record. One of the same block was given back unseen. Where there is no memory for another one,
    /// the block counts as given back at once.
    fn insert(&mut self, record: Record) {
        let unseen = self.remove(record.block);
        self.make_room();
        let room = self.len < self.buckets().len() * WIDTH;
        self.totals.frees += u64::from(unseen.is_some()) + u64::from(!room);
        if room {
            self.fill(record);
            self.totals.live_bytes += record.size as u64;
        }
    }

    /// Takes a record out.
    fn remove(&mut self, block: NonNull<u8>) -> Option<Record> {
        let (found, entry) = self.find(block.addr().get())?;
        let buckets = self.buckets();
        let mut at = home(block.addr().get(), buckets.len());
        // Those that it had passed.
        while at != found {
            buckets[at].passed -= 1;
            at = after(at, buckets.len());
        }
        let bucket = &mut buckets[found];
        bucket.blocks[entry] = 0;
        let (size, site) = (bucket.sizes[entry], bucket.sites[entry]);
        self.len -= 1;
        self.totals.live_bytes -= size as u64;
        Some(Record { block, size, site })
    }

    /// Calls `visit` for every record.
    fn each(&mut self, mut visit: impl FnMut(Record)) {
        for bucket in self.buckets() {
            for entry in 0..WIDTH {
                if let Some(block) = NonZeroUsize::new(bucket.blocks[entry]) {
                    let block = NonNull::without_provenance(block);
                    visit(Record { block, size: bucket.sizes[entry], site: bucket.sites[entry] });
                }
            }
        }
    }
}

/// On cache lines of its own, and not beside a line that is often fetched with it.
#[repr(align(128))]
struct Apart<T>(T);

/// The live bytes of all shards, as far as they told, and the most that these ever were.
struct Watermark {
    live: AtomicU64,
    peak: AtomicU64,
}

impl Watermark {
    /// Hears of a shard's live bytes, unless they hardly changed.
    fn hear(&self, table: &mut Table) {
        let live = table.totals.live_bytes;
        if live.abs_diff(table.told) < UNTOLD {
            return;
        }
        // Modulo 2^64; the sum is of what each shard told last, so it never goes below 0.
        let change = live.wrapping_sub(table.told);
        table.told = live;
        let all = self.live.fetch_add(change, Ordering::Relaxed).wrapping_add(change);
        self.peak.fetch_max(all, Ordering::Relaxed);
    }
}
// END

/// Stands before a heap and records what passes. Shared by threads; size zero is passed on as size one,
/// and recorded as zero.
///
/// It holds no lock while the heap is called: a heap may take its time, or come back with a call of its own.
/// Once made it takes nothing from the global allocator, before which it may stand itself; memory for its table
/// comes from [`heap_api::Region`].
///
/// Write it with `heap_api::sync` so that it can be model checked.
pub struct Tracker<H> {
    // SOLUTION
    heap: H,
    shards: [Apart<SpinLock<Table>>; SHARDS],
    watermark: Apart<Watermark>,
    // STUB: /// Owns the heap.
    // STUB: heap: core::marker::PhantomData<H>,
    // END
}

impl<H: Heap> Tracker<H> {
    /// Nothing is live yet.
    pub fn new(heap: H) -> Self {
        // SOLUTION
        Self {
            heap,
            shards: core::array::from_fn(|_| Apart(SpinLock::new(Table::new(None)))),
            watermark: Apart(Watermark { live: AtomicU64::new(0), peak: AtomicU64::new(0) }),
        }
        // STUB: todo!("lab1.track.new: an empty table before {} bytes of heap", size_of_val(&heap))
        // END
    }

    /// Allocates and records. A failure is recorded nowhere.
    pub fn malloc(&self, size: usize, align: usize, site: Site) -> Option<NonNull<u8>> {
        // SOLUTION
        let block = self.heap.malloc(size.max(1), align)?;
        self.put(Record { block, size, site }, |totals| {
            totals.allocations += 1;
            totals.total_bytes += size as u64;
        });
        Some(block)
        // STUB: todo!("lab1.track.malloc: {size} bytes aligned to {align} for site {site} {:?}", self.heap)
        // END
    }

    /// Frees and forgets. A block that was never recorded (older than the tracker) is freed all the same, and
    /// counted nowhere.
    ///
    /// # Safety
    ///
    /// As for [`Heap::free`].
    pub unsafe fn free(&self, block: NonNull<u8>) {
        // SOLUTION
        // First: afterwards the address may be another thread's, and so the record.
        self.take(block, |totals| totals.frees += 1);
        // SAFETY: the caller's contract.
        unsafe { self.heap.free(block) }
        // STUB: todo!("lab1.track.free: forget {block:?}, then free it")
        // END
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
        // SOLUTION
        let Some(block) = block else { return self.malloc(size, align, site) };
        if size == 0 {
            // SAFETY: the caller's contract.
            unsafe { self.free(block) };
            return None;
        }
        // The old address may be another thread's as soon as the heap has moved the block.
        let old = self.take(block, |_| ());
        // SAFETY: the caller's contract, and the size is not zero.
        let moved = unsafe { self.heap.realloc(block, size, align) };
        match (moved, old) {
            (Some(block), Some(old)) => self.put(Record { block, size, site: old.site }, |totals| {
                totals.reallocations += 1;
                totals.total_bytes += size.saturating_sub(old.size) as u64;
            }),
            (Some(block), None) => self.put(Record { block, size, site }, |totals| {
                totals.allocations += 1;
                totals.total_bytes += size as u64;
            }),
            (None, Some(old)) => self.put(old, |_| ()),
            (None, None) => {}
        }
        moved
        // STUB: todo!("lab1.track.realloc: {block:?} to {size} bytes aligned to {align}, site {site}")
        // END
    }

    /// The sums. Exact while no other thread is inside, but for the peak.
    pub fn totals(&self) -> Totals {
        // SOLUTION
        let mut sum = Totals::default();
        for Apart(shard) in &self.shards {
            let totals = shard.with(|table| table.totals);
            sum.allocations += totals.allocations;
            sum.frees += totals.frees;
            sum.reallocations += totals.reallocations;
            sum.total_bytes += totals.total_bytes;
            sum.live_bytes += totals.live_bytes;
        }
        // What the shards have not told is live now.
        sum.peak_bytes = self.watermark.0.peak.load(Ordering::Relaxed).max(sum.live_bytes);
        sum
        // STUB: todo!("lab1.track.totals: sum the threads' counters")
        // END
    }

    /// Calls `visit` for every live block, in any order, without calling the heap. A block on its way through
    /// `realloc` may be left out. `visit` does not call the tracker.
    pub fn live(&self, visit: &mut dyn FnMut(Record)) {
        // SOLUTION
        for Apart(shard) in &self.shards {
            shard.with(|table| table.each(&mut *visit));
        }
        // STUB: todo!("lab1.track.live: visit every record ({:p})", &raw const *visit)
        // END
    }
    // SOLUTION

    /// Puts a record into its shard, and changes the shard's sums.
    #[inline]
    fn put(&self, record: Record, count: impl FnOnce(&mut Totals)) {
        self.shards[shard(record.block.addr().get())].0.with(|table| {
            count(&mut table.totals);
            table.insert(record);
            self.watermark.0.hear(table);
        });
    }

    /// Takes a block's record out of its shard, if there is one, and then changes the shard's sums.
    #[inline]
    fn take(&self, block: NonNull<u8>, count: impl FnOnce(&mut Totals)) -> Option<Record> {
        self.shards[shard(block.addr().get())].0.with(|table| {
            let record = table.remove(block)?;
            count(&mut table.totals);
            self.watermark.0.hear(table);
            Some(record)
        })
    }
    // END
}

impl<H> fmt::Debug for Tracker<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").finish_non_exhaustive()
    }
}
