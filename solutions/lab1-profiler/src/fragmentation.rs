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
// SOLUTION
use core::ops::Range;
use heap_api::ExtentKind;
// END

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
// SOLUTION
pub struct Meter {
    /// The request that free runs are held against.
    wanted: usize,
    /// Bytes of used extents.
    used: usize,
    /// Those of them that nobody asked for.
    padding: usize,
    /// Bytes of the free runs that have ended.
    free: usize,
    /// Bytes of the longest of them.
    longest: usize,
    /// Bytes of those that are shorter than `wanted`.
    unusable: usize,
    /// The last free run, which may still go on: nothing but a free extent can begin where it ends.
    run: Range<usize>,
}
// STUB: pub struct Meter {}
// END

impl Meter {
    /// Asks about requests of `wanted` bytes.
    pub const fn new(wanted: usize) -> Self {
        // SOLUTION
        Self { wanted, used: 0, padding: 0, free: 0, longest: 0, unusable: 0, run: 0..0 }
        // STUB: let _ = wanted;
        // STUB: Self {}
        // END
    }

    /// Takes in the next extent, in address order; extents may leave gaps, and never overlap.
    ///
    /// `asked` is what the program asked for, at most `extent.len`; it means nothing for an extent that is
    /// not used. Free extents that touch are one run; metadata, a used extent or a gap ends it.
    pub fn extent(&mut self, extent: Extent, asked: usize) {
        // SOLUTION
        match extent.kind {
            ExtentKind::Free if extent.offset == self.run.end => self.run.end = extent.end(),
            ExtentKind::Free => {
                self.end_run();
                self.run = extent.offset..extent.end();
            }
            ExtentKind::Used => {
                self.used += extent.len;
                self.padding += extent.len.saturating_sub(asked);
            }
            ExtentKind::Metadata => {}
        }
        // STUB: todo!("lab1.fragmentation.extent: {extent:?}, of which {asked} bytes were asked for")
        // END
    }

    /// The measures.
    pub fn finish(self) -> Fragmentation {
        // SOLUTION
        let mut meter = self;
        meter.end_run();
        Fragmentation {
            internal: share(meter.padding, meter.used),
            external: share(meter.free - meter.longest, meter.free),
            unusable: share(meter.unusable, meter.free),
        }
        // STUB: todo!("lab1.fragmentation.finish: divide, with care for empty heaps: {self:?}")
        // END
    }
    // SOLUTION

    /// Counts the open run. A run of no bytes changes nothing.
    fn end_run(&mut self) {
        let len = self.run.len();
        self.free += len;
        self.longest = self.longest.max(len);
        if len < self.wanted {
            self.unusable += len;
        }
    }
    // END
}
// SOLUTION

/// `part` of `whole`, 0 of nothing.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
// END

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
// SOLUTION
pub struct History {
    /// The largest of each size so far.
    peaks: Sample,
}
// STUB: pub struct History {}
// END

impl History {
    /// No samples.
    pub const fn new() -> Self {
        // SOLUTION
        Self { peaks: Sample { resident: 0, footprint: 0, usable: 0, live: 0 } }
        // STUB: Self {}
        // END
    }

    /// Takes in the next sample.
    pub fn push(&mut self, sample: Sample) {
        // SOLUTION
        let peaks = &mut self.peaks;
        peaks.resident = peaks.resident.max(sample.resident);
        peaks.footprint = peaks.footprint.max(sample.footprint);
        peaks.usable = peaks.usable.max(sample.usable);
        peaks.live = peaks.live.max(sample.live);
        // STUB: todo!("lab1.fragmentation.push: {sample:?}")
        // END
    }

    /// The peak of each size, each at its own time; 0 before the first sample.
    pub fn peaks(&self) -> Sample {
        // SOLUTION
        self.peaks
        // STUB: todo!("lab1.fragmentation.peaks: the largest of each")
        // END
    }

    /// Peak footprint over peak live bytes, also where that is below 1; 1 if nothing was ever live.
    pub fn overhead(&self) -> f64 {
        // SOLUTION
        match self.peaks.live {
            0 => 1.0,
            live => self.peaks.footprint as f64 / live as f64,
        }
        // STUB: todo!("lab1.fragmentation.overhead: peak footprint over peak live")
        // END
    }
}
