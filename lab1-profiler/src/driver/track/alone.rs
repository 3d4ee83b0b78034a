//! Times calls on one thread, beside a peer.

use super::dealt::{Dealt, Tracks, make};
use super::peer::Locked;
use crate::protocol::track::{Alone, Call, seal};
use driverkit::Replies;
use driverkit::prng::SplitMix64;
use driverkit::timed::{Sum, interleave, started, stopped};
use lab1_profiler::track::Tracker;
use std::collections::BTreeSet;

/// Times calls. Much the same is carried out once before the clock starts.
pub fn time(alone: &Alone, replies: &mut Replies) {
    let batch = alone.batch.max(1) as usize;
    let rehearsal = rehearsal(&alone.calls, alone.seed);
    let (batches, rehearsal): (Vec<&[Call]>, Vec<&[Call]>) =
        (alone.calls.chunks(batch).collect(), rehearsal.chunks(batch).collect());
    let student = || Contestant::new(Tracker::new(Dealt::new()), &rehearsal, alone.look);
    let peer = || Contestant::new(Locked::default(), &rehearsal, alone.look);
    // Where memory comes to lie favours some; over three consecutive seeds each is made first, second, last.
    let (mut student, mut peer, mut twin) = match alone.seed % 3 {
        0 => (student(), peer(), peer()),
        1 => {
            let twin = peer();
            (student(), peer(), twin)
        }
        _ => {
            let peers = (peer(), peer());
            (student(), peers.0, peers.1)
        }
    };
    let turns = started(replies, 1);
    let rounds = interleave(turns, batches.len(), alone.seed, |contestant, index| match contestant {
        0 => student.run(index, batches[index]),
        1 => peer.run(index, batches[index]),
        _ => twin.run(index, batches[index]),
    });
    let sum = student.sum.wrapping_add(student.counted());
    stopped(replies, rounds, || Sum { sum, lost: 0, apart: 0 });
}

/// The same calls on as many blocks, of which others live long: which one is freed or moved, and where a new one lies, is
/// drawn. So what was told of them is no answer to what there is to tell the next time.
fn rehearsal(calls: &[Call], seed: u64) -> Vec<Call> {
    let mut prng = SplitMix64::new(!seed);
    let answer = |call: &Call| match call {
        Call::Malloc { answer, .. } | Call::Realloc { answer, .. } => *answer,
        Call::Free { .. } => None,
    };
    let mut free: Vec<u64> = calls.iter().filter_map(answer).collect::<BTreeSet<_>>().into_iter().collect();
    let mut live = Vec::new();
    let mut draw = |from: &mut Vec<u64>| {
        (!from.is_empty()).then(|| from.swap_remove(prng.below(from.len() as u64) as usize))
    };
    let drawn = |call: &Call| {
        let (mut gone, mut come) = (None, None);
        if !matches!(call, Call::Malloc { .. }) {
            gone = Some(draw(&mut live)?);
        }
        if !matches!(call, Call::Free { .. }) {
            come = Some(draw(&mut free)?);
        }
        live.extend(come);
        free.extend(gone);
        Some(match *call {
            Call::Malloc { size, align, site, .. } => Call::Malloc { size, align, site, answer: come },
            Call::Free { .. } => Call::Free { block: gone? },
            Call::Realloc { size, align, site, .. } => {
                Call::Realloc { block: gone, size, align, site, answer: come }
            }
        })
    };
    calls.iter().filter_map(drawn).collect()
}

/// One tracker, and what it told.
struct Contestant<T> {
    tracker: T,
    /// After how many batches it is asked for all records.
    look: usize,
    sum: u64,
    /// What it had counted before the clock started.
    before: u64,
}

impl<T: Tracks> Contestant<T> {
    /// A warm one: its rehearsal is over.
    fn new(tracker: T, batches: &[&[Call]], look: u32) -> Self {
        let mut contestant = Self { tracker, look: look.max(1) as usize, sum: 0, before: 0 };
        batches.iter().enumerate().for_each(|(index, batch)| contestant.run(index, batch));
        contestant.before = contestant.counted();
        contestant.sum = 0;
        contestant
    }

    /// What it has counted since.
    fn counted(&self) -> u64 {
        let totals = self.tracker.totals();
        let all = totals.allocations + totals.frees + totals.reallocations;
        all.wrapping_add(totals.total_bytes).wrapping_sub(self.before)
    }

    #[inline(never)]
    fn run(&mut self, index: usize, calls: &[Call]) {
        for call in calls {
            make(&self.tracker, call);
        }
        if (index + 1).is_multiple_of(self.look) {
            self.tracker.live(&mut |record| self.sum = self.sum.wrapping_add(seal(record.into())));
        }
    }
}
