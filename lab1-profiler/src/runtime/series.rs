//! Sizes over time: when to look at them, and what is kept.

use super::attempt::Attempt;
use crate::dump::Point;
use crate::fragmentation::{History, Sample};
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Points that are kept. When there are twice as many, each two become one, and the pause doubles.
const POINTS: usize = 256;

/// What was seen so far.
#[derive(Debug)]
pub(super) struct Series {
    /// When the next point is due, in nanoseconds since the start.
    due: AtomicU64,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    history: Option<History>,
    points: Vec<Point>,
    pause: u64,
}

impl Series {
    /// No points, and the first one after a pause of so many nanoseconds.
    pub(super) fn new(history: Option<History>, pause: u64) -> Self {
        Self { due: AtomicU64::new(0), seen: Mutex::new(Seen { history, points: Vec::new(), pause }) }
    }

    /// Whether a point is due.
    #[inline]
    pub(super) fn is_due(&self, now: u64) -> bool {
        now >= self.due.load(Ordering::Relaxed)
    }

    /// Puts the next point off, if it would come earlier.
    pub(super) fn wait_until(&self, due: u64) {
        self.due.fetch_max(due, Ordering::Relaxed);
    }

    /// Takes in a point, unless another thread is about it.
    pub(super) fn add(&self, fragmentation: &Attempt, look: impl FnOnce() -> Point) {
        let Ok(mut seen) = self.seen.try_lock() else { return };
        let seen = &mut *seen;
        let point = look();
        if let Some(history) = &mut seen.history {
            fragmentation.run(|| history.push(point.sample()));
        }
        seen.points.push(point);
        if seen.points.len() == 2 * POINTS {
            seen.points = seen.points.chunks(2).map(|pair| pair[0].join(&pair[1])).collect();
            seen.pause *= 2;
        }
        self.due.store(point.nanoseconds + seen.pause, Ordering::Relaxed);
    }

    /// All points, the peaks, and the overhead.
    pub(super) fn finish(&self, fragmentation: &Attempt) -> (Vec<Point>, Option<(Sample, f64)>) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let history = seen.history.as_ref();
        let history = history.and_then(|history| fragmentation.run(|| (history.peaks(), history.overhead())));
        (seen.points.clone(), history)
    }
}
