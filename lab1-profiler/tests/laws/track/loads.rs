//! Calls as programs make them, on addresses as heaps give them; and what they weigh.

use super::model::Model;
use super::{Call, HEAP, client, free, malloc, realloc};
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::track::{Alone, Job, Record, Weigh, Weighed};
use driverkit::prng::SplitMix64;
use std::collections::BTreeMap;
use testkit::client::Client;
use testkit::duel::{Rounds, duel, prepare};
use testkit::edges::Edges;
use testkit::timing::timed;
use testkit::{Check, Fault, Judged};

/// A program with its heap: it knows what is live, and gives calls.
pub struct Load {
    prng: SplitMix64,
    /// Past the last block that was ever handed out.
    top: u64,
    /// Free blocks by their length, the last to go first.
    free: BTreeMap<u64, Vec<u64>>,
    /// Address, size and length.
    live: Vec<(u64, u64, u64)>,
    /// How many calls were given.
    site: u32,
}

impl Load {
    pub fn new(seed: u64) -> Self {
        Self { prng: SplitMix64::new(seed), top: HEAP, free: BTreeMap::new(), live: Vec::new(), site: 0 }
    }

    /// How many blocks are live.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// The `malloc` of a size that small blocks are more likely to have than large ones.
    pub fn malloc(&mut self) -> Call {
        let (block, size) = self.take();
        malloc(block, size, self.site)
    }

    /// The `free` of one of the live blocks.
    pub fn free(&mut self) -> Call {
        let which = self.prng.below(self.live.len() as u64) as usize;
        free(self.give(which))
    }

    /// The `realloc` of one of the live blocks, which moves it.
    fn realloc(&mut self) -> Call {
        let which = self.prng.below(self.live.len() as u64) as usize;
        let (to, size) = self.take();
        realloc(self.give(which), to, size, self.site)
    }

    /// A `free` and a `malloc`.
    pub fn exchange(&mut self, calls: &mut Vec<Call>) {
        calls.push(self.free());
        calls.push(self.malloc());
    }

    /// A `realloc`, or more often an exchange: as many blocks are live as before.
    pub fn churn(&mut self, calls: &mut Vec<Call>) {
        match self.prng.below(4) {
            0 => calls.push(self.realloc()),
            _ => self.exchange(calls),
        }
    }

    fn take(&mut self) -> (u64, u64) {
        let scale = 16 << self.prng.below(7);
        let size = 1 + self.prng.below(scale);
        // A header of 16 bytes, and whole granules.
        let len = (size + 16).next_multiple_of(16);
        let block = self.free.get_mut(&len).and_then(Vec::pop).unwrap_or_else(|| {
            self.top += len;
            self.top - len
        });
        self.live.push((block, size, len));
        self.site += 1;
        (block, size)
    }

    fn give(&mut self, which: usize) -> u64 {
        let (block, _, len) = self.live.swap_remove(which);
        self.free.entry(len).or_default().push(block);
        block
    }
}

/// What a driver grows by for other reasons than its tracker, in bytes: for each call as it came and as it is made, for
/// each record that it adds up, and in all.
const A_CALL: u64 = size_of::<Call>() as u64 + 32;
const A_RECORD: u64 = 2 * size_of::<Record>() as u64;
const UNSEEN: u64 = 1 << 20;

/// Weighs the tracker after some of the calls, and holds what it then knows against a model, and what it weighs against
/// what the process has grown by.
pub fn weigh(check: &Check, calls: &[Call], points: &[u32]) -> Judged<Weighed> {
    let request = Weigh { calls: calls.to_vec(), points: points.to_vec() };
    let client = client(check)?;
    let answer = client.ask::<_, Weighed>(&Request::Track(Job::Weigh(request)));
    let transcript = answer.map_err(|(fault, _)| fault)?;
    let Ok([weighed]) = <[_; 1]>::try_from(transcript.replies) else {
        return Err(Fault::failed("The tracker was not weighed."));
    };
    let weighed: Weighed = weighed;
    let mut model = Model::default();
    calls.iter().for_each(|call| model.make(*call));
    model.settled(weighed.seals, &weighed.totals).map_err(|why| {
        Fault::failed(format!("After {} calls, {} blocks live: {why}.", calls.len(), model.blocks()))
    })?;
    let own = calls.len() as u64 * A_CALL + model.blocks() as u64 * A_RECORD + UNSEEN;
    let (told, grown) = (weighed.bytes.iter().max().copied().unwrap_or(0), client.grown().unwrap_or(0));
    // While a table grows there are two.
    if grown > own + 2 * told {
        return Err(Fault::failed(format!(
            "After {} calls, the driver had grown by {grown} bytes, of which regions and the global allocator held \
             {told}: tables lie where they are not weighed.",
            calls.len()
        )));
    }
    Ok(weighed)
}

/// Batches between two looks at all records.
const LOOK: u32 = 24;
/// Calls in a batch.
const BATCH: u32 = 2000;

/// Times calls on one thread beside a hash map behind a lock, and notes what that earns. All calls succeed, and
/// nothing is live at the end.
pub fn beside_map(check: &Check, calls: &[Call]) -> Judged {
    let client = client(check)?;
    let edges = Edges::of(RUBRIC, "track", "over_map")?;
    let what = "the speed on one thread beside a hash map behind a lock";
    let mut fastest = u64::MAX;
    duel(check, "over_map", what, &edges, |seed| {
        prepare(&client, seed, |seed| asked(seed, calls))?;
        let rounds = alone(&client, seed, calls)?;
        fastest = fastest.min(rounds.iter().map(|[student, ..]| u64::from(*student)).sum());
        Ok(vec![rounds])
    })?;
    check.measure("call", fastest as f64 / calls.len() as f64, "ns");
    Ok(())
}

/// Runs the timed calls once, in a fresh process.
fn alone(client: &Client<'_>, seed: u64, calls: &[Call]) -> Judged<Rounds> {
    let (mut model, mut sum) = (Model::default(), 0_u64);
    let batches = calls.chunks(BATCH as usize);
    let count = batches.len();
    for (number, batch) in (1..).zip(batches) {
        batch.iter().for_each(|call| model.make(*call));
        if number % LOOK == 0 {
            sum = sum.wrapping_add(model.seals());
        }
    }
    let totals = model.totals();
    let counted = totals.allocations + totals.frees + totals.reallocations + totals.total_bytes;
    timed(client, &asked(seed, calls), count, sum.wrapping_add(counted))
}

fn asked(seed: u64, calls: &[Call]) -> Request {
    Request::Track(Job::Alone(Alone { seed, batch: BATCH, look: LOOK, calls: calls.to_vec() }))
}
