//! Timing a program on the student's `Pool`: what it gave out against what was put in.

use super::client;
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::pool::{Alone, Job, Step};
use driverkit::timed::word;
use testkit::duel::{duel, prepare};
use testkit::edges::Edges;
use testkit::timing::timed;
use testkit::{Check, Judged};

/// Times a program on the student's `Pool` beside the crate `slab`, and notes what that earns.
pub fn beside_slab(check: &Check, capacity: u32, steps: &[Step]) -> Judged {
    let client = client(check)?;
    let edges = Edges::of(RUBRIC, "pool", "over_slab")?;
    let alone = |seed| Alone { capacity, seed, batch: 2000, steps: steps.to_vec() };
    duel(check, "over_slab", "the speed of `Pool` beside the crate slab", &edges, |seed| {
        prepare(&client, seed, |seed| Request::Pool(Job::Alone(alone(seed))))?;
        let alone = alone(seed);
        let (batches, sum) = (alone.steps.len().div_ceil(alone.batch as usize), sum(&alone));
        timed(&client, &Request::Pool(Job::Alone(alone)), batches, sum).map(|rounds| vec![rounds])
    })
}

/// What the values come to that a program removes and looks at.
fn sum(alone: &Alone) -> u64 {
    let mut words = vec![0; alone.capacity as usize];
    let mut sum = 0_u64;
    for (turn, step) in (0..).zip(&alone.steps) {
        match *step {
            Step::Insert(id) => words[id as usize] = word(alone.seed, turn, id),
            Step::Remove(id) | Step::Get(id) => {
                let word = words[id as usize];
                sum = sum.rotate_left(1).wrapping_add(word) ^ word;
            }
        }
    }
    sum
}
