//! The timed loop: contestants take turns, batch by batch, in random order.
//!
//! Machines speed up and slow down over milliseconds, so two things timed one after the other differ by
//! what happened in between. Batches of some microseconds, interleaved, see the same machine: the ratio
//! within a pair is steady where sums are not. A pipe's round trip is longer than a batch, so the clock is
//! read here; the judge holds the claimed total against its own clock.

use crate::prng::SplitMix64;
use std::time::Instant;

/// Runs `batches` batches for each of `N` contestants, and returns the nanoseconds of each.
///
/// `run(contestant, batch)` does one batch. Within a round the order is random, since who runs second
/// finds the caches as the first has left them.
pub fn interleave<const N: usize>(
    batches: usize,
    seed: u64,
    mut run: impl FnMut(usize, usize),
) -> Vec<[u32; N]> {
    let mut order: [usize; N] = std::array::from_fn(|contestant| contestant);
    let mut prng = SplitMix64::new(seed);
    let mut nanos = Vec::with_capacity(batches);
    for batch in 0..batches {
        prng.shuffle(&mut order);
        let mut round = [0; N];
        for contestant in order {
            let start = Instant::now();
            run(contestant, batch);
            round[contestant] = u32::try_from(start.elapsed().as_nanos()).unwrap_or(u32::MAX);
        }
        nanos.push(round);
    }
    nanos
}
