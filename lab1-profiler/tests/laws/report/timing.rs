//! Judging timed reports: the driver's clock against ours, and what was reported in it.

use super::{client, model};
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::report::{Add, BATCHES, Function, Job, Made, Reported};
use testkit::client::Client;
use testkit::duel::{Rounds, duel, prepare};
use testkit::edges::Edges;
use testkit::timing::found;
use testkit::{Check, Fault, Judged};

/// Times an aggregate of ten thousand sites and both its reports, and notes what that earns.
pub fn ten_thousand_sites(check: &Check, times: u32, depth: u32) -> Judged {
    let client = client(check)?;
    let edges = Edges::of(RUBRIC, "report", "over_bytes")?;
    let made = |turn| Made { seed: check.seed(), turn, sites: 10_000, times, depth };
    let adds = made(0).adds();
    // What the first process reported, once it was looked at. The others had the same to do.
    let mut sound = None;
    duel(check, "over_bytes", "the speed beside a checksum of the same frames and names", &edges, |turn| {
        prepare(&client, turn, |turn| Request::Report(Job::Time(made(turn))))?;
        Ok(vec![rounds(&client, made(turn), &adds, &mut sound)?])
    })
}

/// One timed run in a fresh process.
fn rounds(client: &Client<'_>, made: Made, adds: &[Add], sound: &mut Option<Reported>) -> Judged<Rounds> {
    let request = Request::Report(Job::Time(made));
    let (rounds, reported) = found(client, &request, BATCHES + 1)?;
    if sound.as_ref() != Some(&reported) {
        let names = Made::names().into_iter();
        let names: Vec<Function> =
            (0..).zip(names).map(|(n, name)| (4096 * n, 4096 * (n + 1), Some(name))).collect();
        let adds: Vec<&Add> = adds.iter().collect();
        if let Some(why) = model::differs(&names, u64::MAX, &adds, &reported) {
            return Err(Fault::failed(format!("In the timed loop: {why}")));
        }
        *sound = Some(reported);
    }
    Ok(rounds)
}
