//! Times what two threads do at once.
//!
//! ```text
//!   main     ──┤ opens the gate │ its half │ waits ├── next contestant, in random order
//!   helper   ──┤ waits          │ its half │ tells ├──
//!               └──────────── the clock ──────────┘
//! ```
//!
//! Where other programs keep a processor busy, the two threads take turns on the other one, and nothing is
//! measured of what happens when they meet. So each tells when it began and ended, and a batch in which they
//! hardly overlapped is done again.

use crate::Replies;
use crate::pin::pin;
use crate::timed::{Timed, interleave_sound};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How often a waiting thread looks before it gives its processor away. Parking would cost more than a batch.
const LOOKS: u32 = 2_000;

/// How much time may go into batches that are done again.
const PATIENCE: Duration = Duration::from_millis(60);

/// Times the student, a peer and its twin, and replies with two [`Timed`].
///
/// `half(contestant, thread, batch)` is one thread's part of a batch, and gives a number, of which those of
/// contestant 0 are summed for the judge. All have been at work before the clock starts.
pub fn time(batches: u32, seed: u64, replies: &mut Replies, half: impl Fn(usize, u32, u32) -> u64 + Sync) {
    let (gate, clock) = (Gate::default(), Instant::now());
    let timed = |contestant, thread, batch| {
        let begin = clock.elapsed().as_nanos() as u64;
        let sum = half(contestant, thread, batch);
        Half { sum, begin, end: clock.elapsed().as_nanos() as u64 }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(1);
            while let Some((contestant, batch)) = gate.next() {
                gate.tell(&timed(contestant, 1, batch));
            }
        });
        // After the helper's start, which would inherit it.
        pin(0);
        let both = |contestant: usize, batch: u32| {
            gate.open(contestant, batch);
            let own = timed(contestant, 0, batch);
            (own, gate.wait())
        };
        for contestant in [0, 1, 2, 0, 1, 2] {
            both(contestant, 0);
        }
        replies.expect(0);
        replies.send(&Timed::Started);
        // By batch, since one may be done again.
        let mut sums = vec![0_u64; batches as usize];
        let timing = interleave_sound(batches as usize, seed, PATIENCE, |contestant, batch| {
            let (own, other) = both(contestant, batch as u32);
            if contestant == 0 {
                sums[batch] = own.sum.wrapping_add(other.sum);
            }
            !own.is_apart_from(&other)
        });
        gate.close();
        let sum = sums.into_iter().fold(0, u64::wrapping_add);
        replies.send(&Timed::Timing { rounds: timing.rounds, sum, lost: timing.lost, apart: timing.spoilt });
    });
}

/// Spins for a peer's lock: a thread that sleeps for it takes now ten times, now a hundred times as long, and
/// the faster of the two is what a good lock does.
#[inline]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..LOOKS {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
        }
    }
    // Whoever holds it has lost its processor.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one thread did of a batch, and when, in nanoseconds.
struct Half {
    sum: u64,
    begin: u64,
    end: u64,
}

impl Half {
    /// Whether they were at work at once for less than half of the shorter one's time.
    fn is_apart_from(&self, other: &Self) -> bool {
        let both = self.end.min(other.end).saturating_sub(self.begin.max(other.begin));
        2 * both < (self.end - self.begin).min(other.end - other.begin)
    }
}

/// Where the two threads meet.
#[derive(Default)]
struct Gate {
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
    fn open(&self, contestant: usize, batch: u32) {
        let turn = (self.order.load(Ordering::Relaxed) >> 34) + 1;
        self.order.store(turn << 34 | (contestant as u64) << 32 | u64::from(batch), Ordering::Release);
    }

    fn close(&self) {
        self.order.store(CLOSED, Ordering::Release);
    }

    /// The helper's next order.
    fn next(&self) -> Option<(usize, u32)> {
        let last = self.done.load(Ordering::Relaxed);
        until(|| self.order.load(Ordering::Acquire) != last);
        let order = self.order.load(Ordering::Acquire);
        (order != CLOSED).then_some(((order >> 32 & 3) as usize, order as u32))
    }

    /// The helper is done.
    fn tell(&self, half: &Half) {
        self.sum.store(half.sum, Ordering::Relaxed);
        self.begin.store(half.begin, Ordering::Relaxed);
        self.end.store(half.end, Ordering::Relaxed);
        self.done.store(self.order.load(Ordering::Relaxed), Ordering::Release);
    }

    /// Waits for the helper, and gives what it told.
    fn wait(&self) -> Half {
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
