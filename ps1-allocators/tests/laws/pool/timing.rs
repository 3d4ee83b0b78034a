//! Judging a timed loop by what the student's pool gave out and what was put in.

use super::client;
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::pool::{Alone, Job, Step, Together, timed_word};
use testkit::client::Client;
use testkit::duel::{Rounds, duel};
use testkit::edges::Edges;
use testkit::timing::{timed, timed_pair};
use testkit::{Check, Judged};

/// Times a program on the student's `Pool` beside the crate `slab`, and notes what that earns.
pub fn beside_slab(check: &Check, capacity: u32, steps: &[Step]) -> Judged {
    let client = client(check)?;
    let edges = Edges::of(RUBRIC, "pool", "over_slab")?;
    duel(check, "over_slab", "the speed of `Pool` beside the crate slab", &edges, |seed| {
        Ok(vec![alone(&client, &Alone { capacity, seed, batch: 2000, steps: steps.to_vec() })?])
    })
}

/// Runs one timed program in a fresh process.
fn alone(client: &Client<'_>, alone: &Alone) -> Judged<Rounds> {
    let mut words = vec![0; alone.capacity as usize];
    let mut sum = 0_u64;
    for (turn, step) in (0..).zip(&alone.steps) {
        match *step {
            Step::Insert(id) => words[id as usize] = timed_word(alone.seed, turn, id),
            Step::Remove(id) | Step::Get(id) => {
                let word = words[id as usize];
                sum = sum.rotate_left(1).wrapping_add(word) ^ word;
            }
        }
    }
    let batches = alone.steps.len().div_ceil(alone.batch as usize);
    timed(client, &Request::Pool(Job::Alone(alone.clone())), batches, sum)
}

/// Runs one timed race of two threads in a fresh process.
///
/// # Errors
///
/// [`testkit::Fault::Broke`] where the machine does not run two threads at once.
pub fn together(client: &Client<'_>, together: &Together) -> Judged<Rounds> {
    let words = (0..2 * together.batches).flat_map(|turn| (0..together.values).map(move |id| (turn, id)));
    let sum = words.fold(0_u64, |sum, (turn, id)| {
        let word = timed_word(together.seed, turn, id);
        sum.wrapping_add(word ^ word.rotate_left(1))
    });
    timed_pair(client, &Request::Pool(Job::Together(*together)), together.batches as usize, sum)
}
