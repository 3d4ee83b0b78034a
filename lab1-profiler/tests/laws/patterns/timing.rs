//! Judging timed loops: the driver's clock against ours, and what the student's code found out against what there
//! was to find.

use super::client;
use super::model::{Thread, differs};
use super::sampling::plausible;
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::patterns::{Event, Found, Job, Profile, Race, Workload};
use testkit::duel::{duel, prepare};
use testkit::edges::Edges;
use testkit::timing::found;
use testkit::{Check, Fault, Judged};

/// Times events beside a yardstick, and notes what that earns. Sites are those from 0 to `sites`.
pub fn race(check: &Check, sites: u32, events: &[Event]) -> Judged {
    let client = client(check)?;
    let edges = Edges::of(RUBRIC, "patterns", "event")?;
    let what = "the speed of `Patterns` beside two of the standard library's hash maps";
    let race = Race { seed: 0, rehearsal: check.seed(), batch: 2000, sites, events: events.to_vec() };
    let (batches, expected) = (events.len().div_ceil(race.batch as usize), profiles(&race));
    let asked = |seed| Request::Patterns(Job::Race(Race { seed, ..race.clone() }));
    duel(check, "event", what, &edges, |seed| {
        prepare(&client, seed, asked)?;
        let (rounds, told) = found(&client, &asked(seed), batches)?;
        let Found::Profiles(told) = told else { return Err(unasked()) };
        let wrong = expected.iter().zip(&told).find_map(|(expected, told)| differs(expected, told));
        match wrong {
            _ if told.len() != expected.len() => Err(unasked()),
            Some(why) => Err(Fault::failed(format!("In the timed loop, of some site, {why}."))),
            None => Ok(vec![rounds]),
        }
    })
}

/// What must be known of the site that is asked about after each batch, and then of every one, after the rehearsal.
fn profiles(race: &Race) -> Vec<Profile> {
    let mut model = Thread::default();
    race.rehearsal().iter().for_each(|event| model.observe(*event));
    let mut profiles = Vec::new();
    for (batch, events) in (0..).zip(race.events.chunks(race.batch as usize)) {
        events.iter().for_each(|event| model.observe(*event));
        profiles.push(model.expected(batch % race.sites));
    }
    profiles.extend((0..race.sites).map(|site| model.expected(site)));
    profiles
}

fn unasked() -> Fault {
    Fault::failed("The timed loop did not give what it was asked for.")
}

/// Times a program with a sampler beside the same without, and notes what that earns.
pub fn slowdown(check: &Check, mean: u64, slots: u32, blocks: &[(u32, u32)]) -> Judged {
    let client = client(check)?;
    let edges = Edges::of(RUBRIC, "patterns", "sampled")?;
    let what = "the speed of a program that samples beside the same one that does not";
    let batch = 2000;
    let sizes: Vec<u64> = blocks.iter().map(|(_, size)| u64::from(*size)).collect();
    let asked = |seed| {
        let workload = Workload { mean, seed, batch: batch as u32, slots, blocks: blocks.to_vec() };
        Request::Patterns(Job::Slowdown(workload))
    };
    duel(check, "sampled", what, &edges, |seed| {
        prepare(&client, seed, asked)?;
        let (rounds, told) = found(&client, &asked(seed), blocks.len().div_ceil(batch))?;
        let Found::Chosen(chosen, weight) = told else { return Err(unasked()) };
        plausible(mean, &sizes, chosen, weight)
            .map_err(|why| Fault::failed(format!("In the timed loop, {why}.")))?;
        Ok(vec![rounds])
    })
}
