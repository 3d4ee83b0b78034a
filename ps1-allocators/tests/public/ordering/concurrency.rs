//! Two threads and more: every interleaving of a few operations, and real threads with very many.

use super::laws::models::{explore, loom};
use super::laws::{ask, ask_one, plain};
use super::weakest::weakest;
use crate::protocol::ordering::{Job, Pass, Passed, RingModel, SeqLockModel, Watch, digest, number};
use std::collections::HashMap;
use testkit::{Check, Fault, judge};

/// Slots that are used again, one and two of them.
fn rings(check: &Check) -> [RingModel; 2] {
    let numbers = |count| (1..=count).map(|place| number(check.seed(), place) % 1_000_000).collect();
    [
        RingModel { capacity: 1, turns: 0, pushes: numbers(2), pops: 2 },
        RingModel { capacity: 2, turns: 0, pushes: numbers(3), pops: 2 },
    ]
}

/// A seqlock that is written and read so many times.
fn seqlock(check: &Check, writes: u64, reads: u32) -> SeqLockModel {
    // Larger than a version comes to: a number that is forged is no other.
    let half = |place| 1000 + number(check.seed(), place) % 1_000_000;
    let pair = |place| [half(2 * place), half(2 * place + 1)];
    SeqLockModel { first: pair(0), writes: (1..=writes).map(pair).collect(), reads, forged: None }
}

#[test]
fn every_interleaving_of_pushes_and_pops_keeps_each_number_in_its_order() {
    judge(|check| {
        let client = loom(check)?;
        rings(check).iter().try_for_each(|model| explore(&client, model, None))
    });
}

#[test]
fn every_interleaving_of_writes_and_reads_shows_whole_pairs() {
    judge(|check| {
        let client = loom(check)?;
        let models = [seqlock(check, 1, 2), seqlock(check, 2, 1)];
        models.iter().try_for_each(|model| explore(&client, model, None))
    });
}

#[test]
fn no_ordering_of_the_ring_is_stronger_than_needed() {
    judge(|check| weakest(&loom(check)?, &rings(check)));
}

#[test]
fn no_ordering_of_the_seqlock_is_stronger_than_needed() {
    // The smaller model first: it shows most of what a weaker ordering breaks, in no time.
    judge(|check| weakest(&loom(check)?, &[seqlock(check, 1, 1), seqlock(check, 2, 1)]));
}

#[test]
fn a_million_numbers_pass_between_two_threads_in_order() {
    judge(|check| {
        let client = plain(check)?;
        for (capacity, count) in [(256, 1_000_000), (1, 20_000)] {
            let pass = Pass { capacity, count, seed: check.seed() };
            let passed = ask_one::<Passed>(&client, Job::Pass(pass))?;
            let all = (0..count).fold(0, |before, place| digest(before, number(pass.seed, place)));
            if passed.count != count {
                return Err(Fault::failed(format!(
                    "Through a ring of {capacity}, {count} numbers were to go, and {} came out.",
                    passed.count
                )));
            }
            if passed.digest != all {
                return Err(Fault::failed(format!(
                    "{count} numbers came out of a ring of {capacity}, but not those that went in, in their order."
                )));
            }
        }
        Ok(())
    });
}

#[test]
fn readers_on_other_threads_see_whole_pairs_only() {
    judge(|check| {
        let client = plain(check)?;
        let watch = Watch { readers: 2, writes: 200_000, noted: 10_000, seed: check.seed() };
        let seen = ask::<Vec<[u64; 2]>>(&client, Job::Watch(watch))?;
        if seen.len() != watch.readers as usize {
            return Err(Fault::failed("Not every reader came to its end."));
        }
        let places: HashMap<_, _> = (0..=watch.writes).map(|place| (watch.pair(place)[0], place)).collect();
        for pairs in &seen {
            let mut newest = 0;
            for pair in pairs {
                let place = places.get(&pair[0]).copied().filter(|place| watch.pair(*place) == *pair);
                let Some(place) = place else {
                    return Err(Fault::failed(format!(
                        "A reader saw {pair:?}, which was never written as a whole."
                    )));
                };
                if place < newest {
                    return Err(Fault::failed(format!(
                        "A reader saw pair {place} after it had seen pair {newest}."
                    )));
                }
                newest = place;
            }
            if newest != watch.writes {
                return Err(Fault::failed(format!(
                    "After the writer had ended with pair {}, a reader saw pair {newest}.",
                    watch.writes
                )));
            }
        }
        Ok(())
    });
}
