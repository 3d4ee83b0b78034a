//! Fragmentation: four different things that the word is used for, measured apart.
//!
//! ```text
//!   │ asked │pad│ asked │pad│   free   │ asked │pad│ free │
//!   internal = pad / (asked + pad)            inside blocks
//!   external = 1 - longest free run / free    between blocks
//!   unusable = free runs too short for a request / free
//!   overhead = peak footprint / peak live     over the whole run
//! ```
//!
//! Sources: P. Wilson et al., "Dynamic storage allocation: a survey and critical review", IWMM 1995;
//! M. Johnstone and P. Wilson, "The memory fragmentation problem: solved?", ISMM 1998;
//! `unusable_free_index` in the Linux kernel's `mm/vmstat.c`.

use heap_api::Extent;

/// The measures at one moment. All lie in 0..=1 and none is ever NaN: with nothing to divide by it is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fragmentation {
    /// Padding over used bytes.
    pub internal: f64,
    /// One minus the longest free run over all free bytes.
    pub external: f64,
    /// The share of free bytes in runs shorter than the request that was named.
    pub unusable: f64,
}

/// Measures a heap in one pass, in constant space, without allocating.
#[derive(Debug, Clone)]
pub struct Meter {}

impl Meter {
    /// Asks about requests of `wanted` bytes.
    pub const fn new(wanted: usize) -> Self {
        let _ = wanted;
        Self {}
    }

    /// Takes in the next extent, in address order; extents may leave gaps, and never overlap.
    ///
    /// `asked` is what the program asked for, at most `extent.len`; it means nothing for an extent that is
    /// not used. Free extents that touch are one run; metadata, a used extent or a gap ends it.
    pub fn extent(&mut self, extent: Extent, asked: usize) {
        todo!("lab1.fragmentation.extent: {extent:?}, of which {asked} bytes were asked for")
    }

    /// The measures.
    pub fn finish(self) -> Fragmentation {
        todo!("lab1.fragmentation.finish: divide, with care for empty heaps: {self:?}")
    }
}

/// Four sizes at one moment, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// Pages that the kernel gives the process memory for.
    pub resident: u64,
    /// Pages that ever held part of a live block.
    pub footprint: u64,
    /// What blocks hold, with their padding.
    pub usable: u64,
    /// What the program asked for.
    pub live: u64,
}

/// What stays of samples over time: constant space, however many there were, and no allocation.
#[derive(Debug, Clone, Default)]
pub struct History {}

impl History {
    /// No samples.
    pub const fn new() -> Self {
        Self {}
    }

    /// Takes in the next sample.
    pub fn push(&mut self, sample: Sample) {
        todo!("lab1.fragmentation.push: {sample:?}")
    }

    /// The peak of each size, each at its own time; 0 before the first sample.
    pub fn peaks(&self) -> Sample {
        todo!("lab1.fragmentation.peaks: the largest of each")
    }

    /// Peak footprint over peak live bytes, also where that is below 1; 1 if nothing was ever live.
    pub fn overhead(&self) -> f64 {
        todo!("lab1.fragmentation.overhead: peak footprint over peak live")
    }
}
