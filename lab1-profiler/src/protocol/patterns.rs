//! What can be asked of exercise L1.3, and what comes back.

use driverkit::prng::SplitMix64;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// The bucket of each size: one `Vec<u64>`.
    Buckets(Vec<u64>),
    /// The bounds of each bucket: one `Vec<(u64, u64)>`.
    Bounds(Vec<u64>),
    /// Histograms that record and merge: one [`Told`] each.
    Histograms(Histograms),
    /// Events of threads: what is known of every site on every thread, as [`Profiles`], after each event, or
    /// after the last one only if there are more than [`STEPPED`](driverkit::replies::STEPPED).
    Follow(Program),
    /// Samplers at work: one [`Sampled`].
    Sample(Sampling),
    /// Events beside a yardstick. Answered with each [`Timed`](driverkit::timed::Timed) in turn.
    Race(Race),
    /// A program with a sampler and without. Answered with each [`Timed`](driverkit::timed::Timed) in turn.
    Slowdown(Workload),
}

/// Histograms, a shard each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histograms {
    /// What each records.
    pub shards: Vec<Vec<u64>>,
    /// Then, in order, which one adds (a copy of) which other one's counts.
    pub merges: Vec<(u32, u32)>,
    /// Last, which one records another size.
    pub then: Vec<(u32, u64)>,
}

/// What a histogram tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its total.
    pub total: u64,
    /// Its buckets that are not empty, and their counts.
    pub counts: Vec<(u64, u64)>,
}

/// Events for a fresh `Patterns` a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// How many threads there are.
    pub threads: u8,
    /// The sites that are asked about.
    pub sites: Vec<u32>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// An event of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Whose.
    pub thread: u8,
    /// What.
    pub event: Event,
}

/// An event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Address, size and site.
    Allocated(u64, u64, u32),
    /// Old address, new address and new size.
    Moved(u64, u64, u64),
    /// Address.
    Freed(u64),
}

/// What is known of each site, thread by thread, in the order of [`Program::sites`].
pub type Profiles = Vec<Vec<Profile>>;

/// What is known of a site, in the protocol's own encoding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Allocations.
    pub allocations: u64,
    /// Frees.
    pub frees: u64,
    /// Temporary allocations.
    pub temporary: u64,
    /// Bytes of the clock.
    pub lifetime: u64,
    /// From 0 to 1.
    pub leak_score: f64,
}

/// Samplers that see the same sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Bytes from one chosen byte to the next, on average.
    pub mean: u64,
    /// The first sampler's seed; the others have those that follow.
    pub seed: u64,
    /// How many samplers.
    pub samplers: u32,
    /// The sizes of a round, in order.
    pub sizes: Vec<u64>,
    /// Rounds of each sampler.
    pub rounds: u32,
}

/// What samplers chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// For each place in a round, over all rounds of all samplers.
    pub tallies: Vec<Tally>,
    /// For each sampler, which of its first 64 calls chose: the first is bit 0.
    pub first: Vec<u64>,
    /// The most bytes that the samplers held of the system at once.
    pub allocated: u64,
}

/// What was chosen at one place of a round.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// How often it was chosen.
    pub chosen: u64,
    /// How often it was chosen together with the place before it in the same round.
    pub both: u64,
    /// The least weight and the largest; infinite and the wrong way round where nothing was chosen.
    pub weights: (f64, f64),
}

/// Events to time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Race {
    /// Decides who goes first in each round.
    pub seed: u64,
    /// Decides the [`rehearsal`](Self::rehearsal).
    pub rehearsal: u64,
    /// Events in a batch. After each, one site is asked about: the first, then the second, and so on.
    pub batch: u32,
    /// How many sites there are, from 0.
    pub sites: u32,
    /// What happens.
    pub events: Vec<Event>,
}

impl Race {
    /// What happens before the clock starts, so that every table is as large as it gets: the same kinds of events, of the
    /// same sizes and sites, on as many blocks, of which others live long. Which one is freed or moves, and where a new one
    /// lies, is drawn, so that nothing that is known of them tells what there is to know the next time.
    pub fn rehearsal(&self) -> Vec<Event> {
        let mut prng = SplitMix64::new(self.rehearsal);
        let place = |event: &Event| match *event {
            Event::Allocated(block, ..) | Event::Moved(_, block, _) => Some(block),
            Event::Freed(_) => None,
        };
        let mut free: Vec<u64> =
            self.events.iter().filter_map(place).collect::<BTreeSet<_>>().into_iter().collect();
        let mut live = Vec::new();
        let mut draw = |from: &mut Vec<u64>| {
            (!from.is_empty()).then(|| from.swap_remove(prng.below(from.len() as u64) as usize))
        };
        let drawn = |event: &Event| {
            let (from, to, drawn) = match *event {
                Event::Allocated(_, size, site) => {
                    let block = draw(&mut free)?;
                    (None, Some(block), Event::Allocated(block, size, site))
                }
                Event::Moved(from, to, new_size) => {
                    let block = draw(&mut live)?;
                    let place = if from == to { block } else { draw(&mut free)? };
                    ((from != to).then_some(block), Some(place), Event::Moved(block, place, new_size))
                }
                Event::Freed(_) => {
                    let block = draw(&mut live)?;
                    (Some(block), None, Event::Freed(block))
                }
            };
            live.extend(to);
            free.extend(from);
            Some(drawn)
        };
        self.events.iter().filter_map(drawn).collect()
    }
}

/// A program to time with a sampler and without: it makes blocks, and drops each for the next in its slot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Workload {
    /// The sampler's mean.
    pub mean: u64,
    /// The sampler's seed; decides too who goes first in each round.
    pub seed: u64,
    /// Blocks made in a batch.
    pub batch: u32,
    /// Blocks live at once.
    pub slots: u32,
    /// Which slot each block goes to, and how large it is.
    pub blocks: Vec<(u32, u32)>,
}

/// What a student's code found out in a timed loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Found {
    /// What is known of the site that was asked about after each batch, and then of every one.
    Profiles(Vec<Profile>),
    /// How many blocks were chosen, and the sum of their weights.
    Chosen(u64, f64),
}
