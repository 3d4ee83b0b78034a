//! Calls while there is no memory to be had for tables.

use super::dealt::{Dealt, Tracks, make};
use super::told::{address, records};
use crate::protocol::track::{Call, Stage, Staged};
use driverkit::Replies;
use heap_api::Region;
use lab1_profiler::track::Tracker;

/// Makes the calls of one stage after the other.
pub fn starve(stages: &[Stage], replies: &mut Replies) {
    replies.expect(stages.len());
    let tracker = Tracker::new(Dealt::new());
    for Stage { calls, starved } in stages {
        let taken = if *starved { all_memory() } else { Vec::new() };
        let withheld = calls.iter().filter(|call| withholds(&tracker, call)).count() as u64;
        drop(taken);
        replies.send(&Staged { withheld, live: records(&tracker), totals: tracker.totals().into() });
    }
}

/// Regions that leave no room for another one: the process has a limited space of addresses, and no machine more than
/// 2^47 bytes of it. What is left is less than a region takes while it is mapped, and enough for a small vector.
fn all_memory() -> Vec<Region> {
    let mut taken = Vec::with_capacity(1 << 10);
    let mut len = 1 << 46;
    while len >= 64 << 10 {
        match Region::map(len) {
            Ok(region) if taken.len() < taken.capacity() => taken.push(region),
            _ => len /= 2,
        }
    }
    taken
}

/// Makes a call. Whether it is one that does not give what the heap gave.
fn withholds(tracker: &Tracker<Dealt>, call: &Call) -> bool {
    let Call::Malloc { size, site, answer, .. } = *call else {
        make(tracker, call);
        return false;
    };
    Dealt::deal(answer.unwrap_or(0));
    Tracks::malloc(tracker, size as usize, site).map(address) != answer
}
