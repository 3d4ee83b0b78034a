//! What one thread does to a tracker, and a count of it that is not the tracker's.

use super::recycling::{Recycling, align};
use super::told::{address, pointer, records};
use crate::protocol::track::{Fate, Outcome, Record, Totals};
use lab1_profiler::track::Tracker;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

/// A tracker and what threads do to it.
pub struct Table {
    tracker: Tracker<Recycling>,
    /// Bytes whose call has returned, and no call that ends them was made.
    certain: Level,
    /// Bytes whose call was made, and no call that ends them has returned.
    possible: Level,
}

/// A sum, and the most that it was. The standard library's atomics also in a model, which has no business with
/// them.
#[derive(Default)]
struct Level {
    now: AtomicU64,
    most: AtomicU64,
}

impl Level {
    fn rise(&self, bytes: u64) {
        let now = self.now.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.most.fetch_max(now, Ordering::Relaxed);
    }

    fn fall(&self, bytes: u64) {
        self.now.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Table {
    pub fn new(heap: Recycling) -> Self {
        Self { tracker: Tracker::new(heap), certain: Level::default(), possible: Level::default() }
    }

    /// What it came to, once all threads have ended.
    pub fn outcome(&self, hands: impl IntoIterator<Item = Hand>) -> Outcome {
        let (mut held, mut counted) = (Vec::new(), Totals::default());
        for hand in hands {
            held.extend(hand.held);
            counted.allocations += hand.counted.allocations;
            counted.frees += hand.counted.frees;
            counted.reallocations += hand.counted.reallocations;
            counted.total_bytes += hand.counted.total_bytes;
        }
        counted.live_bytes = held.iter().map(|record| record.size).sum();
        counted.peak_bytes = self.certain.most.load(Ordering::Relaxed);
        let (mut live, totals) = (records(&self.tracker), self.tracker.totals().into());
        held.sort_unstable();
        live.sort_unstable();
        Outcome { held, live, counted, possible: self.possible.most.load(Ordering::Relaxed), totals }
    }
}

/// A thread's blocks, the oldest first, and what it did.
#[derive(Default)]
pub struct Hand {
    held: VecDeque<Record>,
    counted: Totals,
}

impl Hand {
    pub fn malloc(&mut self, table: &Table, size: u64, site: u32) {
        table.possible.rise(size);
        match table.tracker.malloc(size as usize, align(Fate::Stays), site) {
            Some(block) => {
                self.held.push_back(Record { block: address(block), size, site });
                self.counted.allocations += 1;
                self.counted.total_bytes += size;
                table.certain.rise(size);
            }
            None => table.possible.fall(size),
        }
    }

    pub fn free(&mut self, table: &Table) {
        let Some(record) = self.held.pop_front() else { return };
        table.certain.fall(record.size);
        if let Some(block) = pointer(record.block) {
            // SAFETY: the block is this thread's.
            unsafe { table.tracker.free(block) };
        }
        self.counted.frees += 1;
        table.possible.fall(record.size);
    }

    /// Moves the oldest block to another size. `site` must not be heard of again.
    pub fn realloc(&mut self, table: &Table, size: u64, fate: Fate, site: u32) {
        let Some(mut record) = self.held.pop_front() else { return };
        let (growth, shrinkage) = (size.saturating_sub(record.size), record.size.saturating_sub(size));
        table.possible.rise(growth);
        table.certain.fall(record.size);
        // SAFETY: the block is this thread's.
        let moved = unsafe { table.tracker.realloc(pointer(record.block), size as usize, align(fate), site) };
        match moved {
            Some(block) => {
                self.counted.reallocations += 1;
                self.counted.total_bytes += growth;
                table.possible.fall(shrinkage);
                record = Record { block: address(block), size, site: record.site };
            }
            None => table.possible.fall(growth),
        }
        table.certain.rise(record.size);
        self.held.push_back(record);
    }
}

/// What only a stress does.
#[cfg(not(feature = "loom"))]
impl Hand {
    /// How many blocks it has.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Exchanges the oldest block for what is there.
    pub fn exchange(&mut self, place: &mut Option<Record>) {
        let mine = self.held.pop_front();
        self.held.extend(std::mem::replace(place, mine));
    }

    /// Takes what another hand left.
    pub fn pick_up(&mut self, record: Record) {
        self.held.push_back(record);
    }
}
