//! Judging a timed pass: the driver's clock against ours, and what the meter gave in it.

use super::{agrees, client};
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::fragmentation::{Job, Made};
use testkit::client::Client;
use testkit::duel::{Rounds, duel, prepare};
use testkit::edges::Edges;
use testkit::timing::found;
use testkit::{Check, Judged};

/// Times a meter on a million extents, `free` of eight free, and notes what that earns.
pub fn million(check: &Check, free: u64) -> Judged {
    let client = client(check)?;
    let edges = Edges::of(RUBRIC, "fragmentation", "over_checksum")?;
    let made = |seed| Made { seed, count: 1_000_000, batch: 5_000, free, wanted: 512 };
    duel(check, "over_checksum", "the speed beside a checksum of the extents", &edges, |seed| {
        prepare(&client, seed, |seed| Request::Fragmentation(Job::Time(made(seed))))?;
        Ok(vec![rounds(&client, made(seed))?])
    })
}

/// One timed pass in a fresh process.
fn rounds(client: &Client<'_>, made: Made) -> Judged<Rounds> {
    let request = Request::Fragmentation(Job::Time(made));
    let (rounds, measured) = found(client, &request, made.count.div_ceil(made.batch) as usize)?;
    // A million extents are no program to paste.
    agrees(&made.heap(), &measured).map_err(|fault| fault.map(|failure| failure.program = None))?;
    Ok(rounds)
}
