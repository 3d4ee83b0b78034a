//! Looking up from the calls now and then: at sizes, for their course over time, and at whether a profile is due that
//! tells what there is so far.

use super::{Base, Runtime, errno, write};
use crate::dump::Point;
use core::sync::atomic::Ordering;

/// A thread looks at the clock once in so many allocations.
const CALLS: u64 = 256;
/// Between the first moments that are kept, in nanoseconds. The pause is longer where it would not be this many times as
/// long as it takes to look, up to that many moments.
pub(super) const MOMENT: u64 = 500_000;
const MOMENT_SHARE: u64 = 200;
const MOMENTS: u64 = 10;
/// Before the first interim profile, in nanoseconds. The pause afterwards is as long, and at least so many times as
/// long as it took to write one.
pub(super) const INTERIM: u64 = 1_000_000_000;
const INTERIM_SHARE: u64 = 200;

impl<B: Base> Runtime<B> {
    /// Looks at the clock now and then.
    #[inline]
    pub(super) fn look_around(&self, served: u64) {
        if served.is_multiple_of(CALLS) {
            self.look_at_clock();
        }
    }

    /// Looks at sizes, and writes an interim profile, where either is due. Leaves `errno` as it is.
    #[cold]
    fn look_at_clock(&self) {
        let before = errno::get();
        let now = self.nanoseconds();
        if self.series.is_due(now) {
            self.series.add(&self.fragmentation, || self.point());
            let took = self.nanoseconds() - now;
            self.series.wait_until(now + (took * MOMENT_SHARE).min(MOMENT * MOMENTS));
        }
        if now >= self.interim.load(Ordering::Relaxed) {
            self.write_interim(now);
        }
        errno::set(before);
    }

    #[cold]
    fn write_interim(&self, now: u64) {
        // The child of a `vfork` runs in this process's memory, and is another.
        if !self.is_own() {
            return;
        }
        // One thread at a time, and not again before this one is through.
        let due = self.interim.swap(u64::MAX, Ordering::AcqRel);
        if due <= now {
            self.write(false);
            let took = self.nanoseconds() - now;
            self.interim.store(now + took + INTERIM.max(took * INTERIM_SHARE), Ordering::Release);
        } else {
            self.interim.store(due, Ordering::Release);
        }
    }

    pub(super) fn nanoseconds(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Sizes at this moment. Where not all blocks are looked at, only what is live is known of them, by estimate.
    pub(super) fn point(&self) -> Point {
        let usable: i64 = self.threads.iter().map(|state| state.usable.load(Ordering::Relaxed)).sum();
        Point {
            nanoseconds: self.nanoseconds(),
            served: self.served().iter().sum(),
            resident: write::resident(),
            footprint: self.pages.bytes(),
            usable: usable.try_into().unwrap_or(0),
            live: self.live_bytes(),
        }
    }

    fn live_bytes(&self) -> u64 {
        match (&self.tracker, &self.sampled) {
            (None, _) => 0,
            (Some(_), Some(sampled)) => sampled.bytes(),
            (Some(tracker), None) => self.track.run(|| tracker.totals().live_bytes).unwrap_or(0),
        }
    }
}
