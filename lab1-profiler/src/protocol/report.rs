//! Exercise L1.4: its requests and replies.

use driverkit::prng::SplitMix64;
use serde::{Deserialize, Serialize};

/// A function: where it begins, where it ends, and its name.
pub type Function = (u64, u64, Option<String>);

/// Adds to a stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Add {
    /// Return addresses, innermost first.
    pub stack: Vec<u64>,
    /// Frames to leave out.
    pub skip: u64,
    /// Blocks.
    pub blocks: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What to add and what to name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// They do not overlap.
    pub functions: Vec<Function>,
    /// Additions; after each round there is a reply.
    pub rounds: Vec<Vec<Add>>,
    /// Stacks in the text report.
    pub limit: u64,
}

/// A job. Each begins with an empty aggregate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// Answered with a [`Reported`] after each round.
    Report(Case),
    /// Also has the given writers write. Answered with a [`Written`].
    Write(Case),
    /// Reports to a writer that fails after so many bytes. Answered with a [`Failed`].
    Fail(Case, u64),
    /// Times all of it. Answered with each [`Timed`](driverkit::timed::Timed) in turn: the batches are
    /// the aggregate's, a checksum's, and those of the checksum's twin; found is what the timed aggregate gave.
    Time(Made),
}

/// Blocks and bytes.
pub type Weight = (u64, u64);

/// What an aggregate gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// `Aggregate::total`.
    pub total: Weight,
    /// `Aggregate::stacks`.
    pub stacks: Vec<(Vec<u64>, Weight)>,
    /// `Aggregate::text`.
    pub text: String,
    /// `Aggregate::folded`.
    pub folded: String,
}

/// What an aggregate and the given writers gave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Written {
    /// The student's part.
    pub reported: Reported,
    /// DHAT's JSON.
    pub dhat: String,
    /// The page.
    pub html: String,
    /// pprof's messages, in gzip.
    pub pprof: Vec<u8>,
}

/// Whether the writer's error came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// From `Aggregate::text`.
    pub text: bool,
    /// From `Aggregate::folded`.
    pub folded: bool,
}

/// Additions that both sides make from a few numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Decides stacks and figures.
    pub seed: u64,
    /// Who goes first in each round.
    pub turn: u64,
    /// Distinct stacks, about.
    pub sites: u32,
    /// How often each is added to.
    pub times: u32,
    /// The most frames of a stack.
    pub depth: u32,
}

/// Functions of a made program, and the bytes of each.
const FUNCTIONS: u64 = 2000;
const LENGTH: u64 = 4096;

impl Made {
    /// The functions' names; function `n` is the `n`th 4096 bytes.
    pub fn names() -> Vec<String> {
        (0..FUNCTIONS).map(|n| format!("crate_{}::module::function_{n}", n % 23)).collect()
    }

    /// The name of the function at `address`, of those.
    pub fn name(names: &[String], address: u64) -> Option<&str> {
        names.get((address / LENGTH) as usize).map(String::as_str)
    }

    /// The additions, in a random order. Stacks have ends in common, as those of a program have, and each begins with
    /// a frame to leave out.
    pub fn adds(&self) -> Vec<Add> {
        let mut random = SplitMix64::new(self.seed);
        let mut path: Vec<u64> = Vec::new();
        let mut sites = Vec::new();
        for _ in 0..self.sites {
            let keep = random.below(path.len() as u64 + 1) as usize;
            path.truncate(keep.max(path.len().saturating_sub(4)));
            let depth = u64::from(self.depth);
            let more = 1 + random.below(depth - (path.len() as u64).min(depth - 1));
            for _ in 0..more {
                path.push(LENGTH * random.below(FUNCTIONS) + 16 * (1 + random.below(4)));
            }
            let own = LENGTH * (FUNCTIONS + random.below(3));
            sites.push([own].into_iter().chain(path.iter().rev().copied()).collect::<Vec<u64>>());
        }
        let add = |random: &mut SplitMix64, stack: &Vec<u64>| {
            let blocks = 1 + random.below(100);
            Add { stack: stack.clone(), skip: 1, blocks, bytes: blocks * (1 + random.below(500)) }
        };
        let mut adds: Vec<Add> = (0..self.times)
            .flat_map(|_| sites.iter().map(|stack| add(&mut random, stack)).collect::<Vec<_>>())
            .collect();
        random.shuffle(&mut adds);
        adds
    }
}

/// Batches of the timed additions; one more has the reports.
pub const BATCHES: usize = 20;
