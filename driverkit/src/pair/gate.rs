//! Where two threads meet between two batches, without parking.

use super::LOOKS;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one thread did of a batch, and when, in nanoseconds.
pub struct Half {
    /// What its values came to.
    pub sum: u64,
    pub begin: u64,
    pub end: u64,
}

impl Half {
    /// Whether they were at work at once for less than half of the shorter one's time.
    pub fn is_apart_from(&self, other: &Self) -> bool {
        let both = self.end.min(other.end).saturating_sub(self.begin.max(other.begin));
        2 * both < (self.end - self.begin).min(other.end - other.begin)
    }
}

/// Where the two threads meet.
#[derive(Default)]
pub struct Gate {
    /// What is to be done: the turn's number, the contestant and the batch; or [`CLOSED`].
    order: AtomicU64,
    /// The order that is done.
    done: AtomicU64,
    /// What came of it.
    sum: AtomicU64,
    begin: AtomicU64,
    end: AtomicU64,
}

/// The order to end.
const CLOSED: u64 = u64::MAX;

impl Gate {
    /// Lets the helper begin.
    pub fn open(&self, contestant: usize, batch: u32) {
        let turn = (self.order.load(Ordering::Relaxed) >> 34) + 1;
        self.order.store(turn << 34 | (contestant as u64) << 32 | u64::from(batch), Ordering::Release);
    }

    pub fn close(&self) {
        self.order.store(CLOSED, Ordering::Release);
    }

    /// The helper's next order.
    pub fn next(&self) -> Option<(usize, u32)> {
        let last = self.done.load(Ordering::Relaxed);
        until(|| self.order.load(Ordering::Acquire) != last);
        let order = self.order.load(Ordering::Acquire);
        (order != CLOSED).then_some(((order >> 32 & 3) as usize, order as u32))
    }

    /// The helper is done.
    pub fn tell(&self, half: &Half) {
        self.sum.store(half.sum, Ordering::Relaxed);
        self.begin.store(half.begin, Ordering::Relaxed);
        self.end.store(half.end, Ordering::Relaxed);
        self.done.store(self.order.load(Ordering::Relaxed), Ordering::Release);
    }

    /// Waits for the helper, and gives what it told.
    pub fn wait(&self) -> Half {
        let order = self.order.load(Ordering::Relaxed);
        until(|| self.done.load(Ordering::Acquire) == order);
        let told = |word: &AtomicU64| word.load(Ordering::Relaxed);
        Half { sum: told(&self.sum), begin: told(&self.begin), end: told(&self.end) }
    }
}

/// Looks until it is so.
fn until(ready: impl Fn() -> bool) {
    for _ in 0..LOOKS {
        if ready() {
            return;
        }
        std::hint::spin_loop();
    }
    while !ready() {
        std::thread::yield_now();
    }
}
