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

mod gate;

use crate::Replies;
use crate::pin::pin;
use crate::timed::{Sum, interleave_sound, started, stopped};
use gate::{Gate, Half};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How often a waiting thread looks before it gives its processor away. Parking would cost more than a batch.
const LOOKS: u32 = 2_000;

/// How much time may go into batches that are done again.
const PATIENCE: Duration = Duration::from_millis(60);

/// Times the student, a peer and its twin, and replies with two [`Summed`](crate::timed::Summed).
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
        let turns = started(replies, 1);
        // By batch, since one may be done again.
        let mut sums = vec![0_u64; batches as usize];
        let timing = interleave_sound(turns, batches as usize, seed, PATIENCE, |contestant, batch| {
            let (own, other) = both(contestant, batch as u32);
            if contestant == 0 {
                sums[batch] = own.sum.wrapping_add(other.sum);
            }
            !own.is_apart_from(&other)
        });
        gate.close();
        let sum = sums.into_iter().fold(0, u64::wrapping_add);
        let found = Sum { sum, lost: timing.lost, apart: timing.spoilt };
        stopped(replies, timing.rounds, || found);
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
