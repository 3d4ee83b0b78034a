//! Patterns: sizes, lifetimes, temporaries, suspected leaks, and how to know them from a sample.
//!
//! ```text
//!   sizes      log-linear: 16 buckets a doubling     │0..15 one each│16│17│…│31│32-33│34-35│…
//!   clock      bytes allocated so far, not seconds:  the same on every machine
//!   sampling   each byte is chosen with 1/R:  P(block) = 1 - e^(-size/R);  a sample weighs 1/P
//! ```
//!
//! Sources: G. Tene, HdrHistogram; D. Barrett and B. Zorn, "Using lifetime predictors to improve memory
//! allocation performance", PLDI 1993 (the clock); heaptrack (temporaries: freed by the very next event
//! of the thread); tcmalloc's `docs/sampling.md`; jemalloc's `doc_internal/PROFILING_INTERNALS.md` (the bias of R).

use crate::Site;

/// A histogram of sizes with a relative error below 1/16.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {}

impl Histogram {
    /// Empty.
    pub const fn new() -> Self {
        Self {}
    }

    /// The bucket of `size`: its own up to 31, then 16 a doubling.
    pub fn bucket(size: u64) -> usize {
        todo!("lab1.patterns.bucket: which bucket holds {size}?")
    }

    /// The least and the largest size of a bucket.
    pub fn bounds(bucket: usize) -> (u64, u64) {
        todo!("lab1.patterns.bounds: what does bucket {bucket} hold?")
    }

    /// Counts one size.
    pub fn record(&mut self, size: u64) {
        todo!("lab1.patterns.record: count {size}")
    }

    /// Adds another shard's counts.
    pub fn merge(&mut self, other: &Self) {
        todo!("lab1.patterns.merge: add {other:?}")
    }

    /// How many sizes are in a bucket.
    pub fn count(&self, bucket: usize) -> u64 {
        todo!("lab1.patterns.count: bucket {bucket}")
    }

    /// How many sizes were recorded.
    pub fn total(&self) -> u64 {
        todo!("lab1.patterns.total: all counts together")
    }
}

/// What is known of one site.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SiteProfile {
    /// Allocations.
    pub allocations: u64,
    /// Frees.
    pub frees: u64,
    /// Allocations freed by the next event of the thread that made them.
    pub temporary: u64,
    /// The sum of lifetimes of freed blocks, in bytes of the clock.
    pub lifetime: u64,
    /// (live + 1) / (allocations + 2): the chance that the next one is never freed, by Laplace's rule.
    pub leak_score: f64,
}

/// Follows one thread's events.
#[derive(Debug, Default)]
pub struct Patterns {}

impl Patterns {
    /// Nothing was seen.
    pub const fn new() -> Self {
        Self {}
    }

    /// A block was allocated; the clock advances by `size` before its life begins.
    pub fn allocated(&mut self, block: usize, size: u64, site: Site) {
        todo!("lab1.patterns.allocated: {size} bytes at {block:#x} by site {site}")
    }

    /// A block moved or changed its size: its life and its site go on; the clock advances by its growth.
    pub fn moved(&mut self, from: usize, to: usize, new_size: u64) {
        todo!("lab1.patterns.moved: {from:#x} to {to:#x} of {new_size} bytes")
    }

    /// A block was freed. One that is not known changes nothing but ends the next-event window.
    pub fn freed(&mut self, block: usize) {
        todo!("lab1.patterns.freed: {block:#x}")
    }

    /// What is known of a site.
    pub fn site(&self, site: Site) -> SiteProfile {
        todo!("lab1.patterns.site: site {site}")
    }
}

/// Chooses allocations to look at, a byte in `mean` on average.
#[derive(Debug, Clone)]
pub struct Sampler {}

impl Sampler {
    /// All randomness comes from `seed`.
    pub fn new(mean: u64, seed: u64) -> Self {
        todo!("lab1.patterns.sampler_new: a byte in {mean}, seed {seed:#x}")
    }

    /// Whether an allocation of `size` bytes is chosen; then how many allocations it stands for. Most calls
    /// only subtract.
    pub fn sample(&mut self, size: u64) -> Option<f64> {
        todo!("lab1.patterns.sample: is one of these {size} bytes chosen?")
    }
}
