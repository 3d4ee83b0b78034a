//! What can be asked of exercise L1.1.
//!
//! The heap below the tracker is the driver's. It hands out addresses of the judge's choice, where nobody reads
//! or writes, tells how it was called, and lets another thread work meanwhile.

use serde::{Deserialize, Serialize};

/// What can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// Carry out a program: one [`Reply`] a command.
    Run(Program),
    /// Weigh the tables: one [`Weighed`].
    Weigh(Weigh),
    /// Time calls on one thread beside a peer: two [`driverkit::timed::Summed`].
    Alone(Alone),
    /// Time calls on two threads beside a peer: two [`driverkit::timed::Summed`].
    Together(Together),
    /// Real threads before a heap that gives each address again at once: one [`Outcome`].
    Stress(Stress),
    /// A loom model before the same heap: one `Vec` of [`Outcome`]s, sorted, each once.
    Model(Model),
}

/// A call of the tracker. Where an answer is `None`, the heap fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// `malloc`.
    Malloc {
        /// Bytes.
        size: u64,
        /// A power of two.
        align: u64,
        /// Where from.
        site: u32,
        /// What the heap gives.
        answer: Option<u64>,
    },
    /// `free`.
    Free {
        /// An address.
        block: u64,
    },
    /// `realloc`.
    Realloc {
        /// An address, if any.
        block: Option<u64>,
        /// Bytes.
        size: u64,
        /// A power of two.
        align: u64,
        /// Where from.
        site: u32,
        /// What the heap gives, where it is asked for anything.
        answer: Option<u64>,
    },
}

/// A program for two trackers, each before a heap of its own.
pub type Program = Vec<Command>;

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Makes a call.
    Call {
        /// What.
        call: Call,
        /// Whether by a thread that starts for it and ends after it.
        elsewhere: bool,
        /// What another thread calls, from beginning to end, while the heap is called for the first time.
        meanwhile: Vec<Call>,
    },
    /// Tells everything.
    Look,
    /// Goes on with the other tracker.
    Switch,
}

/// What came of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The calls are made.
    Called {
        /// What the tracker gave: for the call itself, and for each one meanwhile. A free gives nothing.
        gave: Vec<Option<u64>>,
        /// How the heap was called, in order.
        asked: Vec<Asked>,
    },
    /// Everything.
    Seen {
        /// The records, as they came.
        live: Vec<Record>,
        /// The sums.
        totals: Totals,
    },
    /// The other tracker's turn.
    Switched,
}

/// A call of the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// `malloc`.
    Malloc {
        /// Bytes.
        size: u64,
        /// As it came.
        align: u64,
    },
    /// `free`.
    Free {
        /// Which block.
        block: u64,
    },
    /// `realloc`.
    Realloc {
        /// Which block.
        block: u64,
        /// Bytes.
        size: u64,
        /// As it came.
        align: u64,
    },
}

/// A record, as the tracker told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Record {
    /// Where.
    pub block: u64,
    /// Bytes.
    pub size: u64,
    /// Where from.
    pub site: u32,
}

/// The sums, as the tracker told them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Blocks ever recorded.
    pub allocations: u64,
    /// Recorded blocks that were given back.
    pub frees: u64,
    /// Successful changes of size.
    pub reallocations: u64,
    /// Bytes allocated, and grown by.
    pub total_bytes: u64,
    /// Bytes live now.
    pub live_bytes: u64,
    /// The most that were live at once, within the slack.
    pub peak_bytes: u64,
}

/// Calls on one thread, after some of which the tracker is weighed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Weigh {
    /// What to do, all of which succeeds.
    pub calls: Vec<Call>,
    /// After how many calls it is weighed, rising.
    pub points: Vec<u32>,
}

/// What the tracker weighs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weighed {
    /// Bytes that the tracker has, at each point: in regions, and of the global allocator from the start.
    pub bytes: Vec<u64>,
    /// Bytes that it took from the global allocator once it was made, at most.
    pub global: u64,
    /// The sum of the [`seal`]s of the records at the end.
    pub seals: u64,
    /// The sums at the end.
    pub totals: Totals,
}

/// A number that stands for a record: sums of them tell sets of records apart.
pub const fn seal(record: Record) -> u64 {
    let Record { block, size, site } = record;
    driverkit::prng::mix(block ^ driverkit::prng::mix(size ^ (site as u64) << 48))
}

/// Where addresses begin, unless the judge says otherwise.
pub const HEAP: u64 = 0x5555_5000_0000;

/// Calls to time on one thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alone {
    /// Decides who goes first in each round.
    pub seed: u64,
    /// Calls in a batch.
    pub batch: u32,
    /// After how many batches all records are looked at, within the time.
    pub look: u32,
    /// What to do, all of which succeeds. Nothing is live at the end. The sum is of the records' [`seal`]s at
    /// each look, and of [`Totals::allocations`] and the three after it at the end.
    pub calls: Vec<Call>,
}

/// Calls to time on two threads.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Together {
    /// Decides who goes first in each round.
    pub seed: u64,
    /// Batches, between each two of which both threads wait for each other.
    pub batches: u32,
    /// Blocks that each thread allocates in a batch, and frees within it. The sum is of their addresses.
    pub blocks: u32,
    /// Blocks that each thread has at once.
    pub window: u32,
}

impl Together {
    /// The address of a thread's block: each has pages of its own, and uses the same ones again and again.
    pub const fn block(&self, thread: u32, number: u32) -> u64 {
        HEAP + ((thread as u64) << 32) + (number % self.window) as u64 * 64
    }
}

/// Real threads on one tracker.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Stress {
    /// Threads at work at once.
    pub threads: u32,
    /// Blocks that each allocates.
    pub operations: u32,
    /// Decides sizes and order.
    pub seed: u64,
}

/// Threads on one tracker, in every interleaving.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    /// What the heap hands out, in this order, before it begins again with what came back last.
    pub addresses: Vec<u64>,
    /// Sizes of the blocks that each thread has at its start, allocated before.
    pub given: Vec<Vec<u64>>,
    /// What each thread does.
    pub threads: Vec<Vec<Step>>,
}

/// One step of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Allocates so many bytes.
    Malloc(u64),
    /// Frees the block that it has had longest, if it has one.
    Free,
    /// Moves that block to another size.
    Realloc(u64, Fate),
}

/// What becomes of a `realloc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It stays where it is.
    Stays,
    /// It moves, and its old address is the next to be handed out.
    Moves,
    /// It fails.
    Fails,
}

/// What threads came to. All but the tracker's own words is the driver's count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Outcome {
    /// The blocks that the threads had at the end, in order.
    pub held: Vec<Record>,
    /// The records at the end, in order.
    pub live: Vec<Record>,
    /// What happened, by count; its peak is the most bytes that were live for certain: after their call had
    /// returned, and before that which ends them was made.
    pub counted: Totals,
    /// The most bytes that may have been live: from before the one call to after the other.
    pub possible: u64,
    /// The sums that the tracker tells.
    pub totals: Totals,
}
