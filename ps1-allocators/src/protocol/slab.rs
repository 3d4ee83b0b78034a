//! What can be asked of the slab exercise.

use driverkit::heap::{Program, Replay, Stress};
use driverkit::together::Work;
use serde::{Deserialize, Serialize};

/// What can be asked of the slab exercise.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// Carry out a program: one [`driverkit::heap::Reply`] a command.
    Run(Program),
    /// The class of each size and alignment: one `Vec<Option<u64>>`.
    Classes(Vec<(u64, u64)>),
    /// Operations on one remote list by one thread: one `Vec` of [`Taken`].
    List(Vec<ListStep>),
    /// Time a replay beside the system's allocator: two [`driverkit::heap::Timed`].
    BesideSystem(Replay),
    /// Time a replay beside a locked `linked_list_allocator`: two [`driverkit::heap::Timed`].
    BesideList(Replay),
    /// Time two threads, a home each, beside a peer: two [`driverkit::timed::Summed`].
    Together(Together),
    /// Real threads, a home each: one [`driverkit::heap::Stressed`].
    Stress(Stress),
    /// A loom model of a remote list: one `Vec` of [`Outcome`]s, sorted, each once.
    Model(Model),
}

/// Whom two threads are timed beside.
#[allow(dead_code, reason = "only a judge makes one")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Peer {
    /// `linked_list_allocator` behind a lock.
    LockedList,
    /// The system's allocator.
    System,
}

/// Two threads that allocate at once, and free one another's objects now and then.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Together {
    /// Whom beside.
    pub peer: Peer,
    /// Bytes of each of the student's two regions; a peer that needs one has the two in one.
    pub home: u64,
    /// All that a thread allocates in a batch it gives up within it: of five objects one to the other thread,
    /// which frees it when it comes to it.
    pub work: Work,
}

/// Numbers that a list in a driver has room for: those below this.
#[allow(dead_code, reason = "the driver reads it")]
pub const OBJECTS: u32 = 4096;

/// An operation on a remote list.
#[allow(dead_code, reason = "only judges make one")]
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub enum ListStep {
    /// Push an object.
    Push(u32),
    /// Take all, into a vector that holds something already.
    Take,
}

/// What one take gave.
#[allow(dead_code, reason = "of the builds of the driver one makes it, and not all judges read it")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// How many there were, as the list says.
    pub count: u64,
    /// What the vector held before and still does.
    pub before: Vec<u32>,
    /// What was appended, in order.
    pub objects: Vec<u32>,
}

/// Threads that push onto a list, and one that takes all meanwhile. At the end, what is left is taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    /// What each pushing thread pushes, in order. Each object is written to before it is pushed.
    pub pushers: Vec<Vec<u32>>,
    /// How often the taking thread takes.
    pub takes: u32,
    /// Decides what is written.
    pub seed: u64,
}

impl Model {
    /// What is written into an object before it is pushed.
    #[allow(dead_code, reason = "of the driver's builds only loom's writes, and of the judges not all")]
    pub fn written(&self, object: u32) -> u64 {
        driverkit::prng::mix(self.seed ^ u64::from(object)) | 1
    }
}

/// What one interleaving came to: for each take, the last one after the threads' end, the objects and what was
/// found in them, sorted.
#[allow(
    dead_code,
    reason = "of the driver's builds only loom's makes one, and of the judges not all read it"
)]
pub type Outcome = Vec<Vec<(u32, u64)>>;
