//! What the student's tracker is timed beside: the standard library's hash map and the sums behind one lock.

use super::dealt::{Dealt, Tracks};
use driverkit::pair::lock;
use lab1_profiler::Site;
use lab1_profiler::track::{Record, Totals};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::Mutex;

/// One lock for all.
#[derive(Default)]
pub struct Locked(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    records: HashMap<usize, (usize, Site), BuildHasherDefault<Fibonacci>>,
    totals: Totals,
}

/// A product spreads addresses as well as these tables need: SipHash, the default, would take a third of the
/// time.
#[derive(Default)]
struct Fibonacci(u64);

impl Hasher for Fibonacci {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_usize(usize::from(*byte)));
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        let product = u128::from(self.0 ^ number as u64) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Inner {
    #[inline]
    fn put(&mut self, block: NonNull<u8>, size: usize, site: Site) {
        self.records.insert(block.addr().get(), (size, site));
        self.totals.live_bytes += size as u64;
        self.totals.peak_bytes = self.totals.peak_bytes.max(self.totals.live_bytes);
    }

    #[inline]
    fn take(&mut self, block: NonNull<u8>) -> Option<(usize, Site)> {
        let record = self.records.remove(&block.addr().get())?;
        self.totals.live_bytes -= record.0 as u64;
        Some(record)
    }
}

impl Tracks for Locked {
    #[inline]
    fn malloc(&self, size: usize, site: Site) -> Option<NonNull<u8>> {
        let block = Dealt::dealt()?;
        let inner = &mut *lock(&self.0);
        inner.put(block, size, site);
        inner.totals.allocations += 1;
        inner.totals.total_bytes += size as u64;
        Some(block)
    }

    #[inline]
    fn free(&self, block: NonNull<u8>) {
        let inner = &mut *lock(&self.0);
        inner.totals.frees += u64::from(inner.take(block).is_some());
    }

    #[inline]
    fn realloc(&self, block: NonNull<u8>, size: usize, _: Site) -> Option<NonNull<u8>> {
        let (before, site) = lock(&self.0).take(block)?;
        let moved = Dealt::dealt()?;
        let inner = &mut *lock(&self.0);
        inner.put(moved, size, site);
        inner.totals.reallocations += 1;
        inner.totals.total_bytes += size.saturating_sub(before) as u64;
        Some(moved)
    }

    fn totals(&self) -> Totals {
        lock(&self.0).totals
    }

    fn live(&self, visit: &mut dyn FnMut(Record)) {
        for (block, (size, site)) in &lock(&self.0).records {
            let Some(block) = NonZeroUsize::new(*block) else { continue };
            visit(Record { block: NonNull::without_provenance(block), size: *size, site: *site });
        }
    }
}
