//! What can be asked of exercise 1.4, and what comes back.

use serde::{Deserialize, Serialize};

/// What can be asked of exercise 1.4.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// The student's workload: one `Vec` of [`Op`]s.
    Workload(Order),
    /// The student's `run` on a subject that follows a script: one [`Scripted`].
    Run(Script),
    /// The student's workload under the student's `run`: one [`Ran`] a subject, in order.
    Expose {
        /// The workload.
        order: Order,
        /// What it runs on.
        subjects: Vec<Subject>,
    },
    /// One `Vec<f64>`, and which indices the footprint was asked for.
    Utilisation {
        /// The operations.
        ops: Vec<Op>,
        /// The footprint after each.
        footprints: Vec<u64>,
    },
    /// One `Option<u64>` a percentage.
    Percentile {
        /// The values.
        values: Vec<u64>,
        /// From 0 to 100.
        percents: Vec<f64>,
    },
    /// One [`Paired`].
    Paired {
        /// How far the clock goes on from one reading to the next, over and over.
        ticks: Vec<u64>,
        /// Pairs that do not count.
        warm_up: u32,
        /// Pairs that do.
        pairs: u32,
        /// The student's seed.
        seed: u64,
    },
    /// One `Option<[f64; 3]>` a sample: median, low and high.
    Estimate {
        /// The samples.
        samples: Vec<Vec<f64>>,
        /// Resamples of each.
        resamples: u32,
        /// The student's seed for each sample.
        seeds: Vec<u64>,
    },
}

/// A workload to be made.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Order {
    /// The student's seed.
    pub seed: u64,
    /// At most so many operations.
    pub ops: u32,
    /// At most so many live bytes.
    pub budget: u64,
}

/// An operation, in the protocol's own encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Number, size and alignment.
    Allocate(u32, u64, u64),
    /// Number, size and alignment.
    AllocateZeroed(u32, u64, u64),
    /// Number and size.
    Reallocate(u32, u64),
    /// Number.
    Free(u32),
}

/// A defect, in the protocol's own encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Defect {
    /// Shorter than asked for.
    TooShort,
    /// Not aligned.
    Misaligned,
    /// Shares bytes with a live block.
    Overlap,
    /// Not zero.
    NotZeroed,
    /// Lost bytes of the common prefix.
    LostOnReallocate,
    /// Changed while it was live.
    Corrupted,
    /// Refused with nothing live.
    SpuriousExhaustion,
    /// A free was refused.
    RefusedFree,
}

/// What a run showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// In the clock's units.
    pub time: u64,
    /// Calls.
    pub calls: u64,
    /// Bytes.
    pub peak_live: u64,
    /// Operation and defect.
    pub defect: Option<(u64, Defect)>,
}

/// Operations, and what the subject does at each call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Script {
    /// Bytes of the subject's memory, all zero at first, aligned to 2 MiB.
    pub memory: u64,
    /// The operations.
    pub ops: Vec<Op>,
    /// What the subject does at each call, in order; after the last it refuses requests and takes frees.
    pub acts: Vec<Act>,
    /// How far the clock goes on from one reading to the next, over and over.
    pub ticks: Vec<u64>,
}

/// What the subject does at one call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// What is handed out, as offset and length; a free is refused if this is `None`.
    pub block: Option<(u64, u64)>,
    /// Whether a reallocation copies what is common, or a zeroed block is zeroed.
    pub honest: bool,
    /// Bytes that are changed then: offset and what is XORed.
    pub pokes: Vec<(u64, u8)>,
}

/// What a scripted run showed, and what was seen of it from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scripted {
    /// The run.
    pub ran: Ran,
    /// Calls and readings of the clock in order.
    pub events: Vec<Event>,
}

/// A call, or a reading of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The clock was read.
    Clock,
    /// Size and alignment.
    Allocate(u64, u64),
    /// Size and alignment.
    AllocateZeroed(u64, u64),
    /// Offset, size and alignment, and the new size.
    Reallocate(i64, u64, u64, u64),
    /// Offset, size and alignment.
    Free(i64, u64, u64),
    /// The first body of a pair.
    A,
    /// The second body of a pair.
    B,
}

/// Ratios, and what was seen of them from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paired {
    /// The ratios.
    pub ratios: Vec<f64>,
    /// Bodies and readings of the clock in order.
    pub events: Vec<Event>,
}

/// What a workload runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The allocator.
    pub peer: Peer,
    /// What it does wrong.
    pub fault: Option<Fault>,
    /// The first tick of its clock; each is one more than the last.
    pub tick: u64,
}

/// A sound allocator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Peer {
    /// `buddy_system_allocator`.
    Buddy,
    /// `linked_list_allocator`.
    List,
    /// `rlsf`.
    Rlsf,
    /// `talc`.
    Talc,
}

/// A mistake that is made once, at the chance that has this index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which.
    pub kind: FaultKind,
    /// Chances that pass before.
    pub chance: u32,
    /// Decides which block, which byte.
    pub seed: u64,
}

/// A mistake, and what is a chance to make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FaultKind {
    /// An allocation gets the place of a live block. Chance: one is as large and as aligned.
    HandsOutTwice,
    /// The same, once more than a thousand calls have been made.
    HandsOutTwiceLate,
    /// An allocation is half its alignment off. Chance: an alignment of 64 or more.
    Misaligns,
    /// An allocation is a byte short. Chance: a size of 2 or more.
    CutsShort,
    /// A byte of a zeroed block is not zero. Chance: a block as large has been freed before.
    LeavesDirty,
    /// A byte is lost when a block grows, to less than double.
    LosesOnGrowth,
    /// Everything is lost when a block grows to double or more.
    ForgetsOnGrowth,
    /// The last byte that is kept is lost when a block shrinks.
    LosesOnShrink,
    /// A free changes a byte of another live block. Chance: there is one.
    CorruptsNeighbour,
    /// An allocation writes a link into the live block that was handed out last. Chance: there is one.
    WritesLink,
    /// A free is refused.
    RefusesFree,
    /// Every request is refused from then on. Chance: everything is freed, and half the budget was live
    /// since the last time.
    RefusesAfterFreeAll,
}
