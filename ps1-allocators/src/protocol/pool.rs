//! What can be asked of exercise 1.3.
//!
//! Values are the driver's: each has an id of the program's choice, a payload that seed and id decide, and a
//! count of its drops. Replies tell digests, counts and places; what they should be is known to the judge.

use driverkit::together::Work;
use serde::{Deserialize, Serialize};

/// What can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// Carry out a program: one [`Reply`] a command.
    Run(Program),
    /// Time a program on one thread beside `slab`: two [`driverkit::timed::Summed`].
    Alone(Alone),
    /// Time two threads beside a peer: two [`driverkit::timed::Summed`].
    Together(Together),
    /// Real threads that exchange boxes: one [`Stressed`].
    Stress(Stress),
    /// A loom model of `FreeStack`: one `Vec` of [`StackOutcome`]s, sorted, each once.
    Stack(StackModel),
    /// The same steps on real threads, which go through them so many times: one [`StackOutcome`], in which nothing is
    /// said of what was served.
    Again(StackModel, u32),
    /// A loom model of `SharedPool`: one `Vec` of [`BoxOutcome`]s, sorted, each once.
    Boxes(BoxModel),
}

/// Which pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// `Pool`, by keys.
    Keyed,
    /// `SharedPool`, by boxes, on one thread.
    Shared,
}

/// Which type of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A few bytes, aligned to 8.
    Plain,
    /// Aligned to 64.
    Aligned,
    /// Several cache lines.
    Large,
    /// No bytes: all its values are one, with id 0 and digest 0.
    Empty,
}

impl Kind {
    /// Bytes of payload.
    pub const fn len(self) -> usize {
        match self {
            Self::Plain => 12,
            Self::Aligned => 100,
            Self::Large => 333,
            Self::Empty => 0,
        }
    }
}

/// A program for a fresh pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Which pool.
    pub which: Which,
    /// Of what.
    pub kind: Kind,
    /// How many slots.
    pub capacity: u32,
    /// What payloads come from.
    pub seed: u64,
    /// What to do, in order.
    pub commands: Vec<Command>,
}

/// One command. A value is named by its id; what holds a value, a key or a box, by the id that it was made
/// with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Makes value `id` and inserts it.
    Insert {
        /// Never used before.
        id: u32,
    },
    /// Takes the value out: `remove`, or `PoolBox::take`.
    Take {
        /// Of a key or box.
        id: u32,
    },
    /// Drops a box; of a key, the value that `remove` gives.
    Drop {
        /// Of a key or box.
        id: u32,
    },
    /// Reads the value in place.
    Get {
        /// Of a key or box.
        id: u32,
    },
    /// Assigns value `to` to the place of the one that is there.
    Change {
        /// Of a key or box.
        id: u32,
        /// Never used before.
        to: u32,
    },
    /// Looks a key up, or removes it, that differs from one that was given.
    Forge {
        /// Of a key.
        id: u32,
        /// Added to its index, wrapping.
        index: u32,
        /// Added to its generation, wrapping.
        generation: u32,
        /// Whether to remove it, rather than to look.
        remove: bool,
    },
    /// Tells everything: see [`Reply::All`].
    Sweep,
    /// Drops the pool, after all boxes in it, and goes on with a fresh one.
    Renew,
}

/// What came of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// The value is in.
    Inserted {
        /// The key's index; for a box, which of the places that the driver has seen, from 0.
        index: u32,
        /// The key's generation; for a box, 0.
        generation: u32,
    },
    /// No slot is free.
    Full(Held),
    /// The value came out.
    Taken(Held),
    /// The box is dropped, or the value that came out.
    Dropped,
    /// The value is there.
    Seen(Held),
    /// The value was there before, and this one is there now.
    Changed(Held, Held),
    /// The key names nothing.
    Nothing,
    /// Everything.
    All {
        /// The length that the pool tells; for a shared one, how many boxes there are.
        len: u64,
        /// The capacity that the pool tells.
        capacity: u64,
        /// Whether the pool says that it is empty; for a shared one, whether there are no boxes.
        is_empty: bool,
        /// For each key or box ever given, by its id: its value, if it has one.
        seen: Vec<(u32, Option<Held>)>,
        /// How often each value was dropped, by id.
        drops: Vec<u32>,
        /// Drops of what is no value.
        strays: u32,
    },
    /// The pool is gone.
    Renewed,
    /// The command names no key or box: none was given, as the pool was full, or the box is gone.
    Unfit,
}

/// A value, as it was found while its holder had it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Held {
    /// The digest of its payload.
    pub digest: u64,
    /// How often it had been dropped by then.
    pub drops: u32,
    /// Whether it lay at a multiple of its alignment.
    pub aligned: bool,
}

/// One timed operation on one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Inserts the value of this id.
    Insert(u32),
    /// Removes the value of this id, and adds it to the sum.
    Remove(u32),
    /// Reads the value of this id, and adds it to the sum.
    Get(u32),
}

/// A program to time on one thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alone {
    /// How many slots.
    pub capacity: u32,
    /// Decides payloads, and who goes first in each round.
    pub seed: u64,
    /// Steps in a batch.
    pub batch: u32,
    /// What to do. Ids are below the capacity, and are used again.
    pub steps: Vec<Step>,
}

/// Whom two threads are timed beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Peer {
    /// `sharded_slab::Slab`.
    ShardedSlab,
    /// A vector of slots with a list of free ones, behind a mutex.
    Mutex,
}

/// Two threads that insert and take at once.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Together {
    /// Whom beside.
    pub peer: Peer,
    /// How many slots.
    pub capacity: u32,
    /// All that a thread inserts in a batch it takes out again within it.
    pub work: Work,
}

/// Real threads on one pool.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Stress {
    /// Threads at work at once.
    pub threads: u32,
    /// Values that each inserts.
    pub operations: u32,
    /// Boxes that a thread has at once.
    pub held: u32,
    /// Places where threads leave boxes for one another.
    pub exchange: u32,
    /// How many slots.
    pub capacity: u32,
    /// Decides payloads and order.
    pub seed: u64,
    /// Whether values are words like those that are timed, which nobody has to drop, so that no drops are counted.
    pub words: bool,
}

impl Stress {
    /// Bytes of the payload of a value that counts its drops.
    pub const PARCEL: usize = 72;

    /// Bytes of a value's payload.
    pub const fn bytes(&self) -> usize {
        if self.words { size_of::<Word>() } else { Self::PARCEL }
    }
}

/// A value that is timed.
pub type Word = [u64; 4];

/// What a stress gave. Each figure is one that the judge can compute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stressed {
    /// Values that were let in.
    pub served: u64,
    /// Sum of the digests of all values at their end, each found in its slot or as it was taken out.
    pub held: u64,
    /// Values dropped.
    pub drops: u64,
    /// Drops of what is no value.
    pub strays: u64,
    /// How many values the pool takes once everything is given back.
    pub free_at_end: u32,
}

/// Threads on one `FreeStack`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StackModel {
    /// How many indices.
    pub capacity: u32,
    /// What each thread does.
    pub threads: Vec<Vec<StackStep>>,
}

/// One operation of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StackStep {
    /// Pops, and writes a mark into the cell of the index.
    Pop,
    /// Reads the mark of the index that has been held longest, if there is one, and pushes it.
    Push,
}

/// What one interleaving came to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StackOutcome {
    /// For each thread, which of its pops gave an index, in order.
    pub served: Vec<Vec<bool>>,
    /// Whether a mark was not what its thread had written.
    pub torn: bool,
    /// The indices that the threads held and those that were still free, at the end, in order.
    pub all: Vec<u32>,
}

/// Threads on one `SharedPool`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BoxModel {
    /// How many slots.
    pub capacity: u32,
    /// How many boxes each thread is given, made before it starts.
    pub given: Vec<u32>,
    /// What each thread does. At its end it drops the boxes that it has.
    pub threads: Vec<Vec<BoxStep>>,
}

/// One operation of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BoxStep {
    /// Inserts a value of its own.
    Insert,
    /// Takes the value out of the box that it has had longest, if there is one.
    Take,
    /// Drops the box that it has had longest, if there is one.
    Drop,
}

/// What one interleaving came to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BoxOutcome {
    /// For each thread, which of its values were let in, in order.
    pub served: Vec<Vec<bool>>,
    /// Whether a value was not what its thread had put in.
    pub torn: bool,
    /// How often values were dropped: `drops[n]` of them `n` times.
    pub drops: Vec<u32>,
    /// How many values the pool takes at the end.
    pub free_at_end: u32,
}
