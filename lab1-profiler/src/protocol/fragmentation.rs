//! Exercise L1.2: its requests and replies.

use driverkit::heap::{Extent, Kind};
use driverkit::prng::SplitMix64;
use serde::{Deserialize, Serialize};

/// An extent, and what was asked for of it.
pub type Piece = (Extent, u64);

/// A heap to measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heap {
    /// The request that free runs are held against, in bytes.
    pub wanted: u64,
    /// In address order.
    pub pieces: Vec<Piece>,
}

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// Measures heaps side by side, an extent of each in turn. Answered with a [`Measured`] each.
    Measure(Vec<Heap>),
    /// Follows a history. Answered with a [`Peaked`] before the first sample and after each.
    Follow(Vec<Sample>),
    /// Times a meter. Answered with each [`Timed`](driverkit::timed::Timed) in turn: the
    /// peer is a checksum, and found is what the timed meter gave.
    Time(Made),
}

/// What a meter gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// `Fragmentation::internal`.
    pub internal: f64,
    /// `Fragmentation::external`.
    pub external: f64,
    /// `Fragmentation::unusable`.
    pub unusable: f64,
    /// The most bytes that this job had allocated at once by now.
    pub allocated: u64,
}

/// Four sizes at one moment: resident, footprint, usable, live.
pub type Sample = [u64; 4];

/// What a history gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Peaked {
    /// `History::peaks`.
    pub peaks: Sample,
    /// `History::overhead`.
    pub overhead: f64,
    /// The most bytes that the history had allocated at once by now.
    pub allocated: u64,
}

/// A heap that both sides make from a few numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Made {
    /// Decides sizes and kinds, and who goes first in each round.
    pub seed: u64,
    /// How many extents it has.
    pub count: u32,
    /// Extents in a batch of the timed loop.
    pub batch: u32,
    /// How many of eight extents are free.
    pub free: u64,
    /// As [`Heap::wanted`].
    pub wanted: u64,
}

impl Made {
    /// The heap. Blocks are whole multiples of 16 bytes below 1 KiB, as most of a real heap's are.
    pub fn heap(&self) -> Heap {
        let mut random = SplitMix64::new(self.seed);
        let mut offset = 0;
        let pieces = (0..self.count).map(|_| {
            let len = 16 * (1 + random.below(63));
            let kind = match random.below(8) {
                luck if luck < self.free => Kind::Free,
                7 if random.below(16) == 0 => Kind::Metadata,
                _ => Kind::Used,
            };
            let extent = Extent { offset, len, kind };
            offset += len;
            (extent, len - random.below(16))
        });
        Heap { wanted: self.wanted, pieces: pieces.collect() }
    }
}
