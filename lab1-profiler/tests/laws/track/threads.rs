//! Judging threads: what came of all interleavings of a model, and of one of a stress.

use super::client;
use super::model::sound;
use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::track::{HEAP, Job, Model, Outcome, Step, Stress};
use testkit::client::{Build, Client};
use testkit::{Check, Fault, Judged};

/// How far apart the heap's blocks are, in bytes: so that in most designs they share a shard, or a line of a
/// table, now and then, and now and then not.
const DISTANCES: [u64; 4] = [16, 4096, 1 << 16, 1 << 21];

/// Runs a model: each thread has blocks of the given sizes, and does its steps. In every interleaving, the
/// records are what the threads have at the end, and the sums what they did.
pub fn model(check: &Check, given: &[&[u64]], threads: &[&[Step]]) -> Judged {
    let owned = |lists: &[&[u64]]| lists.iter().map(|list| list.to_vec()).collect::<Vec<_>>();
    let (given, threads) = (owned(given), threads.iter().map(|steps| steps.to_vec()).collect::<Vec<_>>());
    let story: Vec<String> = (1..)
        .zip(given.iter().zip(&threads))
        .map(|(thread, (given, steps))| {
            format!("thread {thread} has blocks of {given:?} bytes and does {steps:?}")
        })
        .collect();
    let story = format!("On one tracker, {}.", story.join("; "));
    let client = Client::new(check, &HOME, Build::Loom)?;
    for distance in DISTANCES {
        let addresses = (0..8).map(|number| HEAP + distance * number).collect();
        let model = Model { addresses, given: given.clone(), threads: threads.clone() };
        let answer = client.ask::<_, Vec<Outcome>>(&Request::Track(Job::Model(model)));
        let transcript = answer.map_err(|(fault, _)| {
            fault.map(|failure| failure.message.insert_str(0, &format!("{story} In one interleaving: ")))
        })?;
        let outcomes = match <[_; 1]>::try_from(transcript.replies) {
            Ok([outcomes]) if !outcomes.is_empty() => outcomes,
            _ => return Err(Fault::failed("The model gave no outcomes.")),
        };
        for outcome in &outcomes {
            sound(outcome, threads.len() as u64 + 1)
                .map_err(|why| Fault::failed(format!("{story} In one interleaving, at the end, {why}.")))?;
        }
    }
    Ok(())
}

/// Runs a stress on real threads.
pub fn stress(check: &Check, stress: Stress) -> Judged {
    let answer = client(check)?.ask::<_, Outcome>(&Request::Track(Job::Stress(stress)));
    let transcript = answer.map_err(|(fault, _)| fault)?;
    let Some(outcome) = transcript.replies.first() else {
        return Err(Fault::failed("The stress gave no outcome."));
    };
    let Stress { threads, operations, .. } = stress;
    let allocations = u64::from(threads) * u64::from(operations);
    if outcome.counted.allocations != allocations {
        return Err(Fault::failed(format!(
            "Of {allocations} blocks that {threads} threads asked for, they were given {}, and the heap had them \
             all.",
            outcome.counted.allocations
        )));
    }
    sound(outcome, u64::from(threads) + 1)
        .map_err(|why| Fault::failed(format!("After {threads} threads at work at once, {why}.")))
}
