//! What can be asked of an exercise whose answer is an allocator over a region.

use driverkit::heap::{Program, Replay, Scale, Stress};
use serde::{Deserialize, Serialize};

/// What can be asked of an exercise whose answer is an allocator over a region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// Carry out a program: one [`driverkit::heap::Reply`] a command.
    Run(Program),
    /// Time a replay beside the peer: two [`driverkit::heap::Timed`].
    Time(Replay),
    /// Time a replay beside itself in another state: two [`driverkit::heap::Timed`].
    Scale(Scale),
    /// Real threads behind a lock: one [`driverkit::heap::Stressed`].
    Stress(Stress),
    /// A loom model behind a lock: one `Vec` of [`Outcome`]s, sorted, each once.
    Model(Model),
}

/// Two threads on a region of a few blocks; each allocates, and frees what it got or keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    /// The region's length in bytes.
    pub region: u64,
    /// What each thread does.
    pub threads: Vec<Vec<Step>>,
}

/// One operation of a thread in a [`Model`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum Step {
    /// Asks for a block of so many bytes, aligned to 1, and keeps it in hand.
    Allocate(u64),
    /// Frees the block in hand that has been held longest, if there is one.
    Free,
}

/// What one interleaving came to.
#[allow(
    dead_code,
    reason = "of the driver's builds only loom's makes one, and of the judges only the public"
)]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Outcome {
    /// For each thread, which of its allocations were served, in order.
    pub served: Vec<Vec<bool>>,
    /// Whether two blocks held at once shared a byte.
    pub overlapped: bool,
    /// Bytes free, in one report, once everything is freed at the end.
    pub free_at_end: u64,
    /// Free extents then.
    pub extents_at_end: u32,
}
