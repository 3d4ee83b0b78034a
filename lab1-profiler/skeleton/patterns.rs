//! Patterns: sizes, lifetimes, temporaries, suspected leaks, and how to know them from a sample.
//!
//! ```text
//!   sizes      log-linear: 16 buckets a doubling     │0..31 one each│32-33│34-35│…│62-63│64-67│68-71│…
//!   clock      bytes allocated so far, not seconds:  the same on every machine
//!   temporary  allocated ─► freed, and nothing in between on that thread
//!   sampling   each byte is chosen with 1/R:  P(block) = 1 - e^(-size/R);  a chosen block stands for 1/P blocks
//! ```
//!
//! All of this runs inside the program that is watched, once an event. [`Sampler`] comes first, before anything
//! else is known of an allocation: it never allocates. [`Patterns`] and [`Histogram`] may allocate; whoever calls
//! them from within `malloc` sees to it that this does not lead back here. Nothing panics, whatever the events.
//!
//! Sources: G. Tene, HdrHistogram (the buckets); D. Barrett and B. Zorn, "Using lifetime predictors to improve
//! memory allocation performance", PLDI 1993 (the clock); heaptrack (temporaries); jemalloc's
//! `doc_internal/PROFILING_INTERNALS.md` and Perfetto's "heapprofd: Sampling for Memory Profiles" (sampling by the
//! byte, and weights that leave no bias).

use crate::Site;

/// A histogram of sizes. What is known of a size from its bucket is off by less than 1/16 of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    // Your fields, each with its invariant.
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// How many buckets there are: 32, and 16 for each doubling from 2^5 to 2^63.
    pub const BUCKETS: usize = 32 + 16 * 59;

    /// Empty.
    pub const fn new() -> Self {
        Self {}
    }

    /// The bucket of `size`, from 0: its own up to 31, then 16 a doubling. Constant time.
    pub fn bucket(size: u64) -> usize {
        todo!("lab1.patterns.bucket: which bucket holds {size}?")
    }

    /// The least and the largest size of a bucket, which is one of the [`BUCKETS`](Self::BUCKETS).
    pub fn bounds(bucket: usize) -> (u64, u64) {
        todo!("lab1.patterns.bounds: what does bucket {bucket} hold?")
    }

    /// Counts one size, up to `u64::MAX` times. Constant time.
    pub fn record(&mut self, size: u64) {
        todo!("lab1.patterns.record: count {size}")
    }

    /// Adds another shard's counts.
    pub fn merge(&mut self, other: &Self) {
        todo!("lab1.patterns.merge: add {other:?}")
    }

    /// How many sizes are in a bucket, which is one of the [`BUCKETS`](Self::BUCKETS).
    pub fn count(&self, bucket: usize) -> u64 {
        todo!("lab1.patterns.count: bucket {bucket}")
    }

    /// How many sizes were recorded, at most `u64::MAX`.
    pub fn total(&self) -> u64 {
        todo!("lab1.patterns.total: all counts together")
    }
}

/// What is known of one site.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SiteProfile {
    /// Allocations.
    pub allocations: u64,
    /// Frees, of whatever the site allocated.
    pub frees: u64,
    /// Allocations that the very next event of the thread freed.
    pub temporary: u64,
    /// The sum of the lifetimes of its freed blocks, in bytes of the clock, at most `u64::MAX`.
    pub lifetime: u64,
    /// (live + 1) / (allocations + 2): the chance that the next block stays as well, by Laplace's rule of
    /// succession. 1/2 where nothing is known.
    pub leak_score: f64,
}

/// Follows one thread's events.
///
/// The clock counts the bytes that the thread allocated, modulo 2^64, from 0. A lifetime is by how much it went on
/// between a block's birth and its end.
///
/// Where an address is handed out at which a block is known, that block was freed unseen. It ends there, just
/// before the clock advances: one more free of its site, and a lifetime, but never a temporary.
#[derive(Debug, Default)]
pub struct Patterns {
    // Your fields, each with its invariant.
}

impl Patterns {
    /// Nothing was seen.
    pub const fn new() -> Self {
        Self {}
    }

    /// A block was allocated: the clock advances by `size`, and then its life begins.
    pub fn allocated(&mut self, block: usize, size: u64, site: Site) {
        todo!("lab1.patterns.allocated: {size} bytes at {block:#x} by site {site}")
    }

    /// A block moved, or changed its size in place (`from` is `to`): its life and its site go on. The clock advances
    /// by its growth, and stands still where it shrank or is not known. Where no block was known at `from`, there is none
    /// at `to` afterwards either: one that was known there was freed, and nobody saw it.
    pub fn moved(&mut self, from: usize, to: usize, new_size: u64) {
        todo!("lab1.patterns.moved: {from:#x} to {to:#x} of {new_size} bytes")
    }

    /// A block was freed. One that is not known changes nothing, but it is an event.
    pub fn freed(&mut self, block: usize) {
        todo!("lab1.patterns.freed: {block:#x}")
    }

    /// What is known of a site, which need never have allocated.
    pub fn site(&self, site: Site) -> SiteProfile {
        todo!("lab1.patterns.site: site {site}")
    }
}

/// Chooses allocations to look at: each byte with the chance 1 / `mean`, and a block where one of its bytes is.
///
/// So a block of `size` bytes is chosen with p = 1 - e^(-size / mean), whatever was chosen before.
#[derive(Debug, Clone)]
pub struct Sampler {
    // Your fields, each with its invariant.
}

impl Sampler {
    /// All randomness comes from `seed`: the same one chooses the same, and any two others, be they 0 and 1, choose
    /// independently. A mean of 0 chooses every block that has a byte. Never allocates.
    pub fn new(mean: u64, seed: u64) -> Self {
        todo!("lab1.patterns.sampler_new: a byte in {mean}, seed {seed:#x}")
    }

    /// Whether an allocation of `size` bytes is chosen; then how many such allocations it stands for, 1 / p. Never
    /// allocates. Where the next chosen byte is far off, as in most calls, one subtraction and one branch are enough.
    #[inline]
    pub fn sample(&mut self, size: u64) -> Option<f64> {
        todo!("lab1.patterns.sample: is one of these {size} bytes chosen?")
    }
}
