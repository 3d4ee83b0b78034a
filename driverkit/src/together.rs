//! Times two threads at work at once, beside a peer and the peer's twin.
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

mod gate;

use crate::Replies;
use crate::pin::pin;
use crate::timed::{Timed, interleave_sound, word};
use gate::{Gate, Half};
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How often a waiting thread looks before it gives its processor away. Parking would cost more than a batch.
const SPINS: u32 = 2_000;

/// How much time may go into batches that are done again.
const PATIENCE: Duration = Duration::from_millis(60);

/// What two threads do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Work {
    /// Decides values, and who goes first in each round.
    pub seed: u64,
    /// Batches, between each two of which both threads wait for each other.
    pub batches: u32,
    /// Values that each thread has use for in a batch; it reads each back, once.
    pub values: u32,
    /// Values that each thread has at once.
    pub window: u32,
}

impl Work {
    /// Value `id` of a thread's half of a batch.
    pub const fn word(&self, thread: u32, batch: u32, id: u32) -> u64 {
        word(self.seed, batch.wrapping_mul(2).wrapping_add(thread), id)
    }

    /// What all values come to when each is read back as it was.
    pub fn expected(&self) -> u64 {
        let turns = 0..2 * self.batches;
        let words = turns.flat_map(|turn| (0..self.values).map(move |id| word(self.seed, turn, id)));
        words.fold(0, |sum, word| added(sum, word, word))
    }
}

/// The sum with one more value in it, by its first and its last word.
#[inline]
pub const fn added(sum: u64, first: u64, last: u64) -> u64 {
    sum.wrapping_add(first ^ last.rotate_left(1))
}

/// What two threads use at once.
pub trait Contestant: Sync {
    /// One thread's half of a batch; what its values came to.
    fn half(&self, thread: u32, batch: u32) -> u64;
}

/// Times the student's beside a peer and its twin. The first batch is done twice untimed, to warm up. Nothing
/// is replied where one of them can't be made.
pub fn time<S: Contestant, P: Contestant>(
    work: &Work,
    student: impl Fn() -> Option<S>,
    peer: impl Fn() -> Option<P>,
    replies: &mut Replies,
) {
    // Where memory comes to lie favours some; over consecutive seeds each kind is made first and last.
    let early = if work.seed.is_multiple_of(2) { student() } else { None };
    let (Some(one), Some(twin)) = (peer(), peer()) else { return };
    let Some(student) = early.or_else(student) else { return };
    let peers = [one, twin];
    let (gate, clock) = (Gate::default(), Instant::now());
    let timed = |contestant: usize, thread, batch| {
        let begin = clock.elapsed().as_nanos() as u64;
        let sum = match contestant {
            0 => student.half(thread, batch),
            which => peers[which - 1].half(thread, batch),
        };
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
        let mut sums = vec![0_u64; work.batches as usize];
        let timing = interleave_sound(work.batches as usize, work.seed, PATIENCE, |contestant, batch| {
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

/// Enters a lock as a good one would be entered: a thread that sleeps for it takes now ten times, now a hundred
/// times as long as one that spins.
#[inline]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..SPINS {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
        }
    }
    // Whoever holds it has lost its processor.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
