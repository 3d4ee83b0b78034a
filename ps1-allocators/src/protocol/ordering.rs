//! What can be asked of the extra credit on memory ordering.

#![allow(
    dead_code,
    reason = "of the driver's builds each makes only some of the replies, and each judge asks only for some"
)]

use serde::{Deserialize, Serialize};

/// A pair of numbers in a seqlock.
pub type Pair = [u64; 2];

/// What can be asked of the extra credit on memory ordering.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// Enumerate a litmus test: one `Vec<Vec<u64>>`.
    Litmus(Vec<Vec<Op>>, Machine),
    /// A ring on one thread, of so many slots: one [`Came`] a step, and one [`Came::Left`].
    Ring(u32, Vec<Step>),
    /// A seqlock on one thread, with its first value: one `Option<Pair>` a read; `None` for a step is a read.
    SeqLock(Pair, Vec<Option<Pair>>),
    /// Numbers through a ring between real threads: one [`Passed`].
    Pass(Pass),
    /// A seqlock between real threads: what each reader saw, one `Vec<Pair>` a reader.
    Watch(Watch),
    /// A ring under loom: one `Vec` of [`RingOutcome`]s, sorted, each once.
    RingModel(RingModel, Option<Weakening>),
    /// A seqlock under loom: one `Vec` of [`SeqLockOutcome`]s, sorted, each once.
    SeqLockModel(SeqLockModel, Option<Weakening>),
    /// The places that have asked for an ordering in the models so far: one `Vec<Site>`.
    Sites,
}

/// One operation of a litmus test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Stores a value to a variable.
    Store(u8, u64),
    /// Loads a variable into the next register.
    Load(u8),
    /// A fence.
    Fence,
}

/// The rules that a litmus test runs under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Machine {
    /// Sequential consistency.
    Sc,
    /// Total store order.
    Tso,
    /// Operations on different variables in any order.
    Relaxed,
}

/// One step of a ring's life on one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Puts a number in.
    Push(u64),
    /// Takes one out.
    Pop,
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Came {
    /// The number went in.
    Pushed,
    /// There was no room, and this came back.
    Full(u64),
    /// The oldest.
    Popped(u64),
    /// There was nothing.
    Empty,
    /// The numbers that the ring dropped, now that both ends are gone, sorted.
    Left(Vec<u64>),
}

/// Numbers made from a seed, from one thread to another.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Pass {
    /// Slots.
    pub capacity: u32,
    /// How many numbers.
    pub count: u64,
    /// What they are made from.
    pub seed: u64,
}

/// What the second thread got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// How many.
    pub count: u64,
    /// What [`digest`] makes of them, one after the other.
    pub digest: u64,
}

/// The digest of a sequence that ends in `value`, from that of what came before it.
pub fn digest(before: u64, value: u64) -> u64 {
    driverkit::prng::mix(before.rotate_left(1) ^ value)
}

/// The number at a place of a sequence that `seed` makes.
pub fn number(seed: u64, place: u64) -> u64 {
    driverkit::prng::mix(seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// One thread writes, others read.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Watch {
    /// Threads that read.
    pub readers: u32,
    /// How often the writer writes; the seqlock is made with pair 0, and pair `n` is written `n`-th.
    pub writes: u64,
    /// The most pairs that a reader notes, beside the last.
    pub noted: u32,
    /// What the pairs are made from.
    pub seed: u64,
}

impl Watch {
    /// The pair that is written at one place of the sequence.
    pub fn pair(&self, place: u64) -> Pair {
        [number(self.seed, 2 * place), number(self.seed, 2 * place + 1)]
    }
}

/// A producer and a consumer, and then what is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingModel {
    /// Slots.
    pub capacity: u32,
    /// So many zeros go in and out first, one by one, on one thread.
    pub turns: u32,
    /// What the producer puts in, one after the other, whatever comes of each.
    pub pushes: Vec<u64>,
    /// How often the consumer tries.
    pub pops: u32,
}

/// What one interleaving came to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RingOutcome {
    /// Which pushes found room.
    pub accepted: Vec<bool>,
    /// What each pop gave.
    pub popped: Vec<Option<u64>>,
    /// What the consumer then still takes out, once both threads have ended.
    pub left: Vec<u64>,
}

/// A writer and a reader, and then one read more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeqLockModel {
    /// The first value.
    pub first: Pair,
    /// What the writer writes, one after the other.
    pub writes: Vec<Pair>,
    /// How often the reader tries.
    pub reads: u32,
    /// A number, and what each load of a read gives in its place: so that what a read gives is seen to come from its
    /// loads.
    pub forged: Option<(u64, u64)>,
}

impl SeqLockModel {
    /// What it holds for who reads it, one value after the other.
    pub fn values(&self) -> Vec<Pair> {
        let read = |number| match self.forged {
            Some((forged, given)) if forged == number => given,
            _ => number,
        };
        std::iter::once(self.first).chain(self.writes.iter().copied()).map(|pair| pair.map(read)).collect()
    }
}

/// What one interleaving came to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeqLockOutcome {
    /// What each read gave.
    pub reads: Vec<Option<Pair>>,
    /// What a read gives once both threads have ended.
    pub last: Option<Pair>,
}

/// A place in the source that asks for an ordering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The file, as the compiler was given it.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// What the ordering is for.
    pub part: Part,
    /// What is asked for.
    pub order: Order,
    /// In which operation.
    pub operation: Operation,
    /// How often that operation had met the place before; from [`Site::OFTEN`] on, all times are one.
    pub before: u32,
}

impl Site {
    /// See [`Site::before`].
    pub const OFTEN: u32 = 3;
}

/// What a thread of a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// A push or a write.
    In,
    /// A pop or a read.
    Out,
}

/// One site gets another ordering than it asks for; `None` leaves a fence out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weakening {
    /// Which.
    pub site: Site,
    /// What it gets.
    pub order: Option<Order>,
}

/// What an ordering is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// A load.
    Load,
    /// A store.
    Store,
    /// A read-modify-write, or an exchange that succeeds.
    Update,
    /// The load of an exchange that fails.
    FailedExchange,
    /// A fence.
    Fence,
}

/// A memory ordering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// `Relaxed`.
    Relaxed,
    /// `Release`.
    Release,
    /// `Acquire`.
    Acquire,
    /// `AcqRel`.
    AcqRel,
    /// `SeqCst`.
    SeqCst,
}
