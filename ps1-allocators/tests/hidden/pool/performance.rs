//! Time on a program that nobody has seen.

use super::laws::timing::beside_slab;
use crate::protocol::pool::Step;
use driverkit::prng::SplitMix64;
use testkit::judge;

#[test]
fn keeps_up_on_an_unseen_program() {
    judge(|check| {
        let capacity = 1000;
        beside_slab(check, capacity, &steps(check.seed(), capacity, 200_000))
    });
}

/// A pool that fills to the last slot and empties again, in waves, with some values that stay.
fn steps(seed: u64, capacity: u32, count: usize) -> Vec<Step> {
    let mut prng = SplitMix64::new(seed);
    let (mut live, mut dead): (Vec<u32>, Vec<u32>) = (Vec::new(), (0..capacity).collect());
    let mut steps = Vec::with_capacity(count);
    while steps.len() < count {
        let wave = 1 + prng.below(u64::from(capacity)) as usize;
        for id in dead.drain(dead.len() - wave.min(dead.len())..) {
            steps.push(Step::Insert(id));
            live.push(id);
            if prng.below(3) == 0 {
                steps.push(Step::Get(live[prng.below(live.len() as u64) as usize]));
            }
        }
        let wave = 1 + prng.below(live.len() as u64) as usize;
        prng.shuffle(&mut live);
        for id in live.drain(live.len() - wave..) {
            steps.push(Step::Remove(id));
            dead.push(id);
        }
    }
    steps.truncate(count);
    steps
}
