//! Driving an allocator over a region: the commands, the replies, and the loops that carry them out.
//!
//! Every exercise whose answer is a [`heap_api::RawAllocator`] uses these, so that its protocol is one line.

mod carry;
mod rehearsal;
mod replay;
mod stress;

pub use carry::{Housekeeping, carry_out, carry_out_with};
pub use rehearsal::rehearsal;
pub use replay::{scale, time, time_anywhere};
pub use stress::{expected_sum, stress};

use serde::{Deserialize, Serialize};

/// One command of a program. Blocks are named by ids of the program's choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Asks for a block and fills it with the payload of `id`.
    Allocate {
        /// The block's name from now on.
        id: u32,
        /// Bytes.
        size: u64,
        /// A power of two; anything else is answered with [`Reply::Unfit`].
        align: u64,
    },
    /// Moves a block to a new size and fills it afresh.
    Reallocate {
        /// A live block.
        id: u32,
        /// Bytes.
        size: u64,
    },
    /// Frees a block, with the layout that it was asked for with.
    Deallocate {
        /// A live block.
        id: u32,
    },
    /// Frees all live blocks, in the order of their addresses.
    DeallocateAll,
    /// Frees an address that is no live block's, or claims to.
    DeallocateAt {
        /// Bytes from the region's base; may lie outside.
        offset: i64,
        /// The layout that is claimed.
        size: u64,
        /// The layout that is claimed.
        align: u64,
    },
    /// Asks for a report of every extent.
    Walk,
    /// Asks for the most bytes that the allocator's calls have taken from the global allocator, with those of regions
    /// that it has mapped and still has.
    Metadata,
    /// Asks the allocator to give back what it holds and does not need; see [`Housekeeping`].
    Shrink,
    /// Frees a block as another thread would: puts it where its owner will find it.
    DeallocateRemotely {
        /// A live block.
        id: u32,
    },
    /// Has the owner take in what others have freed.
    Collect,
}

/// What came of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// A block was handed out.
    Block {
        /// Bytes from the region's base.
        offset: i64,
        /// Bytes.
        len: u64,
    },
    /// A block was moved.
    Moved {
        /// Bytes from the region's base.
        offset: i64,
        /// Bytes.
        len: u64,
        /// The digest of what the old block held before, up to its size.
        before: u64,
        /// The digest of what came along.
        kept: u64,
    },
    /// The request was refused.
    NoMemory,
    /// The block was freed.
    Freed {
        /// The digest of what it held, up to its size.
        held: u64,
    },
    /// All blocks were freed, up to one whose free was refused: the name of each, and the digest of what it held.
    AllFreed(Vec<(u32, u64)>),
    /// The free was refused.
    Refused(Refusal),
    /// The extents, in the order of the report.
    Extents(Vec<Extent>),
    /// Bytes.
    Metadata(u64),
    /// How many things were given back or taken in.
    Count(u64),
    /// The command names no live block, or no possible layout. Well-formed programs never see it.
    Unfit,
}

/// Why a free was refused: [`heap_api::FreeError`] in the protocol's own encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Refusal {
    /// Free already.
    DoubleFree,
    /// No block starts there.
    NotABlock,
    /// Inside a live block.
    InteriorPointer,
    /// Not the region's.
    OutsideRegion,
    /// Not this block's layout.
    LayoutMismatch,
}

impl From<heap_api::FreeError> for Refusal {
    fn from(error: heap_api::FreeError) -> Self {
        use heap_api::FreeError as E;
        match error {
            E::DoubleFree => Self::DoubleFree,
            E::NotABlock => Self::NotABlock,
            E::InteriorPointer => Self::InteriorPointer,
            E::OutsideRegion => Self::OutsideRegion,
            E::LayoutMismatch => Self::LayoutMismatch,
        }
    }
}

/// What a range of the region holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Ready to be handed out.
    Free,
    /// A live block.
    Used,
    /// The allocator's own.
    Metadata,
}

/// A range of the region: [`heap_api::Extent`] in the protocol's own encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Extent {
    /// Bytes from the region's base.
    pub offset: u64,
    /// Bytes.
    pub len: u64,
    /// What it holds.
    pub kind: Kind,
}

impl From<heap_api::Extent> for Extent {
    fn from(extent: heap_api::Extent) -> Self {
        let kind = match extent.kind {
            heap_api::ExtentKind::Free => Kind::Free,
            heap_api::ExtentKind::Used => Kind::Used,
            heap_api::ExtentKind::Metadata => Kind::Metadata,
        };
        Self { offset: extent.offset as u64, len: extent.len as u64, kind }
    }
}

/// A program for a fresh allocator over a fresh region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// The region's length in bytes.
    pub region: u64,
    /// What payloads come from.
    pub seed: u64,
    /// What to do, in order; one [`Reply`] each.
    pub commands: Vec<Command>,
}

/// A replay to time, of the student's allocator beside a peer and the peer's twin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Replay {
    /// The length of each contestant's region in bytes.
    pub region: u64,
    /// Decides who goes first in each round.
    pub seed: u64,
    /// Decides how the [`rehearsal`] differs.
    pub rehearsal: u64,
    /// Operations in a batch.
    pub batch: u32,
    /// What to do: allocations, reallocations and frees.
    pub commands: Vec<Command>,
}

/// A replay to time on the student's allocator, after one beginning and after another, and on a peer.
///
/// Found is, beside what [`Timed`] says, how long each batch took the peer, in nanoseconds: in the same rounds, so that
/// nobody can be slow in one and not in the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Scale {
    /// The beginning that the first contestant is given, untimed.
    pub many: Vec<Command>,
    /// The beginning that the other two and the peer are given, untimed.
    pub few: Vec<Command>,
    /// What is timed after either.
    pub replay: Replay,
}

/// Found is where the first contestant put each block, an entry a command of its own, the untimed ones
/// first: bytes from the region's base, `u32::MAX` for frees and for what was refused.
pub type Timed = crate::timed::Timed<Vec<u32>>;

/// A stress on real threads.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Stress {
    /// The region's length in bytes.
    pub region: u64,
    /// Threads at work at once.
    pub threads: u32,
    /// Operations of each.
    pub operations: u32,
    /// Decides sizes and order.
    pub seed: u64,
}

/// What a stress gave. Each figure is one that the judge can compute or bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stressed {
    /// Requests made, by all threads.
    pub asked: u64,
    /// Requests served.
    pub served: u64,
    /// Sum of the digests of all blocks at their end.
    pub held: u64,
    /// The report of every extent after all is freed.
    pub extents: Vec<Extent>,
}
