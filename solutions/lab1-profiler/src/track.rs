//! Tracking: every allocation and free of a running program, without bringing it to a stand.
//!
//! ```text
//!   malloc ─► heap ─► table[shard(p)].insert(p)         the record exists while the block does:
//!   free   ─► table[shard(p)].remove(p) ─► heap         inserted after, removed before
//!
//!   shards    │ lock, counters │ lock, counters │ …     each on its own lines, summed when asked
//!                     │                └─► entries      block, size, site; 0 where there is none
//!                     └─► entries
//! ```
//!
//! Once the heap has a block back, another thread may be given the same address at once. Whoever removes
//! the record after that removes the other thread's.
//!
//! Sources: M. Krause, heaptrack (its `README` and `libheaptrack.cpp`); N. Nethercote, DHAT, in the
//! Valgrind manual; jemalloc's `prof` documentation; the crate `dhat`; D. Knuth, *The Art of Computer
//! Programming* 3, §6.4, algorithm R (taking an entry out of an open table without leaving a mark).

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

/// Entries of a shard at first. Those of all shards hold some thousand blocks.
const FIRST: usize = 128;

/// An entry of a table, without padding: 20 bytes. No block starts at address 0, so mapped memory is empty.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct Entry {
    block: usize,
    size: usize,
    site: Site,
}

const EMPTY: Entry = Entry { block: 0, size: 0, site: 0 };

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

/// The entry after this one, counted around.
#[inline]
const fn after(at: usize, entries: usize) -> usize {
    if at + 1 < entries { at + 1 } else { 0 }
}

/// How many entries after `from` the entry `to` is.
#[inline]
const fn distance(from: usize, to: usize, entries: usize) -> usize {
    if to >= from { to - from } else { to + entries - from }
}

/// Where a block's entry is, or else the empty one where it would be. Some entry is empty.
#[inline]
fn place(entries: &[Entry], block: usize) -> usize {
    let mut at = spread(block, entries.len());
    while entries[at].block != block && entries[at].block != 0 {
        at = after(at, entries.len());
    }
    at
}

/// The blocks of one shard, and its part of the sums.
struct Table {
    /// Holds the entries, unless there were none so far. Between a block's home and its entry, counted around,
    /// none is empty; and some entry always is.
    region: Option<Region>,
    /// How many entries are not empty.
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

    fn entries(&mut self) -> &mut [Entry] {
        let Some(region) = &self.region else { return &mut [] };
        let count = region.len() / size_of::<Entry>();
        // SAFETY: the region is the table's alone, and its base is aligned to more than an entry. It holds
        // `count` entries, since what it was mapped with, zeros, are entries too.
        unsafe { core::slice::from_raw_parts_mut(region.base().cast().as_ptr(), count) }
    }

    /// Keeps the load at four fifths at most, beyond which searches get long; as long as there is memory.
    fn make_room(&mut self) {
        let count = self.entries().len();
        if 5 * (self.len + 1) <= 4 * count {
            return;
        }
        // By half: so the load is 0.65 on average over all lengths. By twice it would be 0.55.
        let Ok(region) = Region::map(FIRST.max(count + count / 2) * size_of::<Entry>()) else { return };
        let mut old = Self::new(self.region.replace(region));
        let entries = self.entries();
        for entry in old.entries().iter().filter(|entry| entry.block != 0) {
            entries[place(entries, entry.block)] = *entry;
        }
    }

    /// Adds a record. One of the same block was given back unseen. Where there is no memory for another one,
    /// the block counts as given back at once.
    fn insert(&mut self, record: Record) {
        self.make_room();
        if self.len + 1 >= self.entries().len() {
            self.totals.frees += 1;
            return;
        }
        let block = record.block.addr().get();
        let entries = self.entries();
        let at = place(entries, block);
        let new = Entry { block, size: record.size, site: record.site };
        let old = core::mem::replace(&mut entries[at], new);
        self.totals.live_bytes += record.size as u64;
        if old.block == 0 {
            self.len += 1;
        } else {
            self.totals.live_bytes -= old.size as u64;
            self.totals.frees += 1;
        }
    }

    /// Takes a record out, and lets those behind it go back to where they would be had it never been there.
    fn remove(&mut self, block: NonNull<u8>) -> Option<Record> {
        let entries = self.entries();
        let count = entries.len();
        if count == 0 {
            return None;
        }
        let mut hole = place(entries, block.addr().get());
        let gone = entries[hole];
        if gone.block == 0 {
            return None;
        }
        let mut at = after(hole, count);
        while entries[at].block != 0 {
            let home = spread(entries[at].block, count);
            if distance(home, at, count) >= distance(hole, at, count) {
                entries[hole] = entries[at];
                hole = at;
            }
            at = after(at, count);
        }
        entries[hole] = EMPTY;
        self.len -= 1;
        self.totals.live_bytes -= gone.size as u64;
        Some(Record { block, size: gone.size, site: gone.site })
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
            shard.with(|table| {
                for entry in table.entries() {
                    if let Some(block) = NonZeroUsize::new(entry.block) {
                        let block = NonNull::without_provenance(block);
                        visit(Record { block, size: entry.size, site: entry.site });
                    }
                }
            });
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
