//! Judging a timed loop: the driver's clock against ours, and what the student's pool gave out against what
//! was put in.

use super::client;
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::pool::{Alone, Job, Step, Timed, Together, timed_word};
use testkit::client::Client;
use testkit::duel::{Rounds, clocks_agree, duel};
use testkit::edges::Edges;
use testkit::{Check, Fault, Judged};

/// Times a program on the student's `Pool` beside the crate `slab`, and notes what that earns.
pub fn beside_slab(check: &Check, capacity: u32, steps: &[Step]) -> Judged {
    let client = client(check)?;
    let edges = Edges::of(RUBRIC, "pool", "over_slab")?;
    duel(check, "over_slab", "the speed of `Pool` beside the crate slab", &edges, |seed| {
        Ok(vec![alone(&client, &Alone { capacity, seed, batch: 2000, steps: steps.to_vec() })?])
    })
}

/// Runs one timed program in a fresh process, and judges its clock and its values.
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
    timed(client, Job::Alone(alone.clone()), batches, sum).map(|(rounds, _)| rounds)
}

/// How often a race is run again in which the threads had no two processors.
const ATTEMPTS: usize = 12;

/// Runs one timed race of two threads in a fresh process, and judges its clock and its values.
///
/// # Errors
///
/// [`Fault::Broke`] where the machine does not run two threads at once.
pub fn together(client: &Client<'_>, together: &Together) -> Judged<Rounds> {
    let words = (0..2 * together.batches).flat_map(|turn| (0..together.values).map(move |id| (turn, id)));
    let sum = words.fold(0_u64, |sum, (turn, id)| {
        let word = timed_word(together.seed, turn, id);
        sum.wrapping_add(word ^ word.rotate_left(1))
    });
    for _ in 0..ATTEMPTS {
        let (rounds, apart) = timed(client, Job::Together(*together), together.batches as usize, sum)?;
        // Of three contestants' batches.
        if apart <= together.batches / 4 {
            return Ok(rounds);
        }
    }
    Err(Fault::Broke("the machine is too busy to time two threads at once".to_owned()))
}

fn timed(client: &Client<'_>, job: Job, batches: usize, expected: u64) -> Judged<(Rounds, u32)> {
    client.restart();
    let transcript = client.ask::<_, Timed>(&Request::Pool(job)).map_err(|(fault, _)| fault)?;
    let (Some(Timed::Started), Some(Timed::Timing { rounds, sum, lost, apart })) =
        (transcript.replies.first(), transcript.replies.get(1))
    else {
        return Err(Fault::failed("The timed loop gave no result."));
    };
    clocks_agree(rounds, *lost, &transcript.arrivals)?;
    if rounds.len() != batches {
        return Err(Fault::failed("Batches of the timed loop are missing."));
    }
    if *sum != expected {
        return Err(Fault::failed(
            "In the timed loop, the values that came out are not those that were put in, or some were refused.",
        ));
    }
    Ok((rounds.clone(), *apart))
}
