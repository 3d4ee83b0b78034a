//! The timed loop: contestants take turns, batch by batch, in random order.
//!
//! Machines speed up and slow down over milliseconds, so two things timed one after the other differ by
//! what happened in between. Batches of some microseconds, interleaved, see the same machine: the ratio
//! within a pair is steady where sums are not. A pipe's round trip is longer than a batch, so the clock is
//! read here; the judge holds the claimed total against its own clock.
//!
//! A peer and its twin run the same code, and branch predictors remember thousands of branches: whoever of the two does a
//! batch soon after the other foresees what it does, which the student's code never can. Side by side, that made a pool's
//! peer a quarter faster than it is. So one of them is some batches behind the other, in every other start the other one.

use crate::Replies;
use crate::prng::SplitMix64;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// What a timed request is answered with: one after the other, so that the judge's clock sees what the driver's claims.
/// `F` is what was found in the loop.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Timed<F> {
    /// Everything is made and warm; the clock starts.
    Started,
    /// The clock has stopped. Nanoseconds of each batch: the student's, the peer's, the peer's twin's.
    Stopped(Vec<[u32; 3]>),
    /// What the student's code found out or came to in them; long, so that it comes when nobody looks at a clock.
    Found(F),
}

/// The judge's word at [`Timed::Started`]: all contestants take turns.
pub const ALL: u8 = 0;
/// The judge's word at [`Timed::Started`]: the student's have no turns, and the others show what they take by themselves.
pub const PEERS: u8 = 1;

/// How many batches a peer is behind its twin, and the part of all of them that it is at the most. After 8 batches of
/// 2000 steps a branch predictor still remembers a little, after 16 as little as ever.
const BEHIND: usize = 16;
const BEHIND_OF: usize = 4;

/// Who takes turns in a timed loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turns {
    /// The first contestant that does.
    first: usize,
}

impl Turns {
    /// Everybody does.
    pub const ALL: Self = Self { first: 0 };
}

/// Tells that everything is made and warm, and waits for the judge's word. The first `own` contestants run the student's
/// code. Until here nothing differs by that word, so they can't know it when they are made.
pub fn started(replies: &mut Replies, own: usize) -> Turns {
    // The same on the wire, whatever is found later.
    let word = replies.mark(&Timed::<()>::Started);
    Turns { first: if word == PEERS { own } else { 0 } }
}

/// Answers what is timed, after [`Timed::Started`] and the loop.
pub fn stopped<F: Serialize>(replies: &mut Replies, rounds: Vec<[u32; 3]>, found: impl FnOnce() -> F) {
    replies.mark(&Timed::<F>::Stopped(rounds));
    replies.send(&Timed::Found(found()));
}

/// [`Timed`] of values that come out again.
pub type Summed = Timed<Sum>;

/// What the student's values came to in a timed loop.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Sum {
    /// Their sum.
    pub sum: u64,
    /// Nanoseconds of batches that were done again, since the two threads were hardly at work at once.
    pub lost: u64,
    /// Batches that were kept although that was so.
    pub apart: u32,
}

/// A value that is timed: cheap to make, and different for every turn and id.
pub const fn word(seed: u64, turn: u32, id: u32) -> u64 {
    (seed ^ ((turn as u64) << 32 | id as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Runs `batches` batches for each of `N` contestants, and returns the nanoseconds of each.
///
/// `run(contestant, batch)` does one batch; who has no turns took no time. Within a round the order is random, since who
/// runs second finds the caches as the first has left them. Contestants 1 and 2, a peer and its twin, do a batch some rounds
/// apart.
pub fn interleave<const N: usize>(
    turns: Turns,
    batches: usize,
    seed: u64,
    mut run: impl FnMut(usize, usize),
) -> Vec<[u32; N]> {
    let mut rounds = vec![[0; N]; batches];
    for (contestant, batch) in shuffled::<N>(turns, batches, BEHIND.min(batches / BEHIND_OF), seed) {
        let start = Instant::now();
        run(contestant, batch);
        // No system call between two turns: what comes after one finds branch predictors cold.
        rounds[batch][contestant] = nanos(start.elapsed());
    }
    rounds
}

/// What [`interleave_sound`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound<const N: usize> {
    /// Nanoseconds of each batch that was kept.
    pub rounds: Vec<[u32; N]>,
    /// Nanoseconds of those that were done again: the clock saw them too.
    pub lost: u64,
    /// Batches that were kept although they were not sound, since the patience was at its end.
    pub spoilt: u32,
}

/// As [`interleave`], where a batch may turn out to say nothing, such as one of two threads that had no two
/// processors: `run` then gives false, and the batch is done again, until all that was in vain comes to
/// `patience`. Here peers are not apart: what two threads wait for is each other, and not branches.
pub fn interleave_sound<const N: usize>(
    turns: Turns,
    batches: usize,
    seed: u64,
    patience: Duration,
    mut run: impl FnMut(usize, usize) -> bool,
) -> Sound<N> {
    let mut sound = Sound { rounds: vec![[0; N]; batches], lost: 0, spoilt: 0 };
    for (contestant, batch) in shuffled::<N>(turns, batches, 0, seed) {
        let took = loop {
            let start = Instant::now();
            let kept = run(contestant, batch);
            let took = start.elapsed();
            if kept || u128::from(sound.lost) >= patience.as_nanos() {
                sound.spoilt += u32::from(!kept);
                break took;
            }
            sound.lost += u64::from(nanos(took));
        };
        sound.rounds[batch][contestant] = nanos(took);
    }
    sound
}

/// Who does which batch, one after the other, where one of contestants 1 and 2 is `behind` rounds late.
fn shuffled<const N: usize>(
    turns: Turns,
    batches: usize,
    behind: usize,
    seed: u64,
) -> impl Iterator<Item = (usize, usize)> {
    let mut order: [usize; N] = std::array::from_fn(|contestant| contestant);
    let mut prng = SplitMix64::new(seed);
    let late = if seed.is_multiple_of(2) { 2 } else { 1 };
    (0..batches + behind).flat_map(move |round| {
        prng.shuffle(&mut order);
        order.into_iter().filter_map(move |contestant| {
            let batch = round.checked_sub(if contestant == late { behind } else { 0 })?;
            (contestant >= turns.first && batch < batches).then_some((contestant, batch))
        })
    })
}

fn nanos(took: Duration) -> u32 {
    u32::try_from(took.as_nanos()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_says_nothing_is_done_again_until_patience_ends() {
        let mut runs = 0;
        let sound = interleave_sound::<2>(Turns::ALL, 3, 1, Duration::MAX, |contestant, batch| {
            runs += 1;
            (contestant, batch) != (1, 2) || runs > 8
        });
        assert_eq!((sound.rounds.len(), sound.spoilt), (3, 0));
        assert!(runs > 6, "{runs} runs of 6 batches, one of which was done again");
        let hopeless = interleave_sound::<2>(Turns::ALL, 3, 1, Duration::ZERO, |_, _| false);
        assert_eq!((hopeless.rounds.len(), hopeless.lost, hopeless.spoilt), (3, 0, 6));
    }

    #[test]
    fn a_peer_and_its_twin_do_a_batch_apart_and_everybody_does_all_in_order() {
        for (seed, late) in [(6, 2), (7, 1)] {
            let mut done = [0; 3];
            interleave::<3>(Turns::ALL, 80, seed, |contestant, batch| {
                assert_eq!(batch, done[contestant]);
                done[contestant] += 1;
                // At the end, the other one has no more to do.
                let other = done[3 - late];
                assert!(contestant != late || other == 80 || other >= batch + BEHIND, "{batch} at {other}");
            });
            assert_eq!(done, [80; 3]);
        }
    }

    #[test]
    fn where_the_peers_are_by_themselves_the_students_code_has_no_turn() {
        let mut ran = [0; 3];
        let rounds = interleave::<3>(Turns { first: 1 }, 5, 1, |contestant, _| ran[contestant] += 1);
        assert_eq!(ran, [0, 5, 5]);
        assert!(rounds.iter().all(|[student, ..]| *student == 0));
    }
}
