//! Fragmentation: four different things that the word is used for, measured apart.
//!
//! ```text
//!   │ used │ free 40 │ free 40 │   wanted 64
//!             +40 short │ -40 short: the run is 80 now, and long enough
//! ```
//!
//! This design has no open run: after each extent the sums are those of the heap so far, so that `finish` only
//! divides. A free extent that touches the last one takes back what that run had counted for before. Sums are
//! floating-point numbers, exact up to 2⁵³.
//!
//! Sources: P. Wilson et al., "Dynamic storage allocation: a survey and critical review", IWMM 1995;
//! M. Johnstone and P. Wilson, "The memory fragmentation problem: solved?", ISMM 1998;
//! `unusable_free_index` in the Linux kernel's `mm/vmstat.c`.

use heap_api::{Extent, ExtentKind};

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
pub struct Meter {
    wanted: usize,
    used: f64,
    asked: f64,
    free: f64,
    short: f64,
    longest: usize,
    /// The last free run's length, and where it ends.
    last: (usize, Option<usize>),
}

impl Meter {
    /// Asks about requests of `wanted` bytes.
    pub const fn new(wanted: usize) -> Self {
        Self { wanted, used: 0.0, asked: 0.0, free: 0.0, short: 0.0, longest: 0, last: (0, None) }
    }

    /// Takes in the next extent, in address order; extents may leave gaps, and never overlap.
    pub fn extent(&mut self, extent: Extent, asked: usize) {
        match extent.kind {
            ExtentKind::Metadata => {}
            ExtentKind::Used => {
                self.used += extent.len as f64;
                self.asked += asked as f64;
            }
            ExtentKind::Free => {
                let (before, end) = self.last;
                let before = if end == Some(extent.offset) { before } else { 0 };
                let run = before + extent.len;
                self.free += extent.len as f64;
                self.short += self.if_short(run) - self.if_short(before);
                self.longest = self.longest.max(run);
                self.last = (run, Some(extent.end()));
            }
        }
    }

    /// What a run adds to those that are too short.
    fn if_short(&self, run: usize) -> f64 {
        if run < self.wanted { run as f64 } else { 0.0 }
    }

    /// The measures.
    pub fn finish(self) -> Fragmentation {
        // None is below zero where sums were rounded.
        let of = |part: f64, whole: f64| if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 };
        Fragmentation {
            internal: of(self.used - self.asked, self.used),
            external: of(self.free - self.longest as f64, self.free),
            unusable: of(self.short, self.free),
        }
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
pub struct History([u64; 4]);

impl History {
    /// No samples.
    pub const fn new() -> Self {
        Self([0; 4])
    }

    /// Takes in the next sample.
    pub fn push(&mut self, sample: Sample) {
        let sizes = [sample.resident, sample.footprint, sample.usable, sample.live];
        self.0 = std::array::from_fn(|size| self.0[size].max(sizes[size]));
    }

    /// The peak of each size, each at its own time; 0 before the first sample.
    pub fn peaks(&self) -> Sample {
        let [resident, footprint, usable, live] = self.0;
        Sample { resident, footprint, usable, live }
    }

    /// Peak footprint over peak live bytes, also where that is below 1; 1 if nothing was ever live.
    pub fn overhead(&self) -> f64 {
        let [_, footprint, _, live] = self.0.map(|size| size as f64);
        if live > 0.0 { footprint / live } else { 1.0 }
    }
}
