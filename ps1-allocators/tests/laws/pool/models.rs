//! Judging loom's models: what came of all interleavings.

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::pool::{BoxModel, BoxOutcome, BoxStep, Job, StackModel, StackOutcome, StackStep};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use testkit::client::{Build, Client};
use testkit::{Check, Fault, Judged};

/// How often real threads go through the steps of a model: a few tenths of a second.
const TIMES: u32 = 150_000;

/// Runs a model of a `FreeStack`. In every interleaving, each index is held by one thread or free, once; and
/// each mark that a thread wrote beside an index is there when it pushes it. So it is where real threads go through the
/// same steps, in the build that is used.
pub fn stack(check: &Check, capacity: u32, threads: &[&[StackStep]]) -> Judged<Vec<StackOutcome>> {
    let threads: Vec<Vec<StackStep>> = threads.iter().map(|steps| steps.to_vec()).collect();
    let story = story("a stack", capacity, "indices", &threads);
    let model = StackModel { capacity, threads };
    let outcomes: Vec<StackOutcome> = ask(check, Job::Stack(model.clone()), &story)?;
    let whole: Vec<u32> = (0..capacity).collect();
    for outcome in &outcomes {
        if outcome.all != whole {
            return Err(Fault::failed(format!(
                "{story} In one interleaving, the indices that the threads hold and those that can still be \
                 popped are {:?} at the end; each index must be there once. Its pops were served so: {:?}.",
                outcome.all, outcome.served
            )));
        }
        if outcome.torn {
            return Err(Fault::failed(format!(
                "{story} In one interleaving, two threads held the same index at once: the mark that one of \
                 them had left with it was another's."
            )));
        }
    }
    again(check, &model, &story, &whole)?;
    Ok(outcomes)
}

fn again(check: &Check, model: &StackModel, story: &str, whole: &[u32]) -> Judged {
    let client = super::client(check)?;
    let answer = client.ask::<_, StackOutcome>(&Request::Pool(Job::Again(model.clone(), TIMES)));
    let transcript = answer.map_err(|(fault, _)| {
        let story = format!("{story} On real threads, again and again: ");
        fault.map(|failure| failure.message.insert_str(0, &story))
    })?;
    match transcript.replies.as_slice() {
        [outcome] if outcome.torn => Err(Fault::failed(format!(
            "{story} On real threads that did so again and again, two held the same index at once. Loom's build does \
             not: what is checked there has to be what is used."
        ))),
        [outcome] if outcome.all == whole => Ok(()),
        [outcome] => Err(Fault::failed(format!(
            "{story} On real threads that did so again and again and gave all back, the indices that can be popped at \
             the end are {:?}; each must be there once.",
            outcome.all
        ))),
        _ => Err(Fault::failed("The stack gave no outcome on real threads.")),
    }
}

/// Runs a model of a `SharedPool`. In every interleaving, each value is dropped once, what a thread put in is
/// what it finds, and every slot is free at the end.
pub fn boxes(check: &Check, capacity: u32, given: &[u32], threads: &[&[BoxStep]]) -> Judged<Vec<BoxOutcome>> {
    let threads: Vec<Vec<BoxStep>> = threads.iter().map(|steps| steps.to_vec()).collect();
    let mut story = story("a shared pool", capacity, "slots", &threads);
    for (thread, count) in given.iter().enumerate().filter(|(_, count)| **count > 0) {
        story.push_str(&format!(" Thread {} has {count} box(es) when it starts.", thread + 1));
    }
    let model = BoxModel { capacity, given: given.to_vec(), threads };
    let outcomes: Vec<BoxOutcome> = ask(check, Job::Boxes(model), &story)?;
    for outcome in &outcomes {
        if outcome.torn {
            return Err(Fault::failed(format!(
                "{story} In one interleaving, a value was not what its thread had put in, or had been dropped \
                 already, or was dropped where none was."
            )));
        }
        if outcome.drops.iter().enumerate().any(|(times, values)| times != 1 && *values > 0) {
            return Err(Fault::failed(format!(
                "{story} In one interleaving, so many values were dropped never, once, twice …: {:?}; each \
                 must be dropped once.",
                outcome.drops
            )));
        }
        if outcome.free_at_end != capacity {
            return Err(Fault::failed(format!(
                "{story} In one interleaving, the pool took {} values when everything had been given back.",
                outcome.free_at_end
            )));
        }
    }
    Ok(outcomes)
}

/// Holds what was served, over all interleavings, against what some order of the steps would serve.
pub fn serves(seen: impl Iterator<Item = Vec<Vec<bool>>>, expected: &[Vec<Vec<bool>>]) -> Judged {
    let mut seen: Vec<_> = seen.collect();
    seen.sort();
    seen.dedup();
    let mut expected = expected.to_vec();
    expected.sort();
    if seen != expected {
        return Err(Fault::failed(format!(
            "Over all interleavings, the threads were served so, a list a thread: {seen:?}; expected: \
             {expected:?}."
        )));
    }
    Ok(())
}

fn ask<O: DeserializeOwned>(check: &Check, job: Job, story: &str) -> Judged<Vec<O>> {
    let client = Client::new(check, &HOME, Build::Loom)?;
    let answer = client.ask::<_, Vec<O>>(&Request::Pool(job));
    let transcript = answer.map_err(|(fault, _)| {
        fault.map(|failure| failure.message.insert_str(0, &format!("{story} In one interleaving: ")))
    })?;
    match <[_; 1]>::try_from(transcript.replies) {
        Ok([outcomes]) if !outcomes.is_empty() => Ok(outcomes),
        _ => Err(Fault::failed("The model gave no outcomes.")),
    }
}

/// What the model does, in a sentence.
fn story<S: Debug>(what: &str, capacity: u32, of: &str, threads: &[Vec<S>]) -> String {
    let threads = (1..).zip(threads).map(|(thread, steps)| format!("thread {thread}: {steps:?}"));
    format!("On {what} of {capacity} {of}, {}.", threads.collect::<Vec<_>>().join("; "))
}
