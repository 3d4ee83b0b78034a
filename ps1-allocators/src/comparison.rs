//! Performance comparison: workloads that expose a broken allocator, and figures that survive a noisy machine.
//!
//! ```text
//!   run      │ call │ fill …        … check │ call │      the clock is read at the bars, and nowhere else
//!
//!   pair 1   A │ B      pair 2   B │ A      pair 3   A │ B   …     order drawn anew for each pair
//!   ratios   B/A        1.02     0.99       1.31 (noise)           the median does not mind
//!   interval resample the ratios, take each resample's median, cut off both tails
//! ```
//!
//! All of A and then all of B measures the machine's mood, not the allocators. And a fast allocator that
//! hands the same bytes out twice wins every race: so what is measured is also checked.
//!
//! Sources: B. Efron and R. Tibshirani, *An Introduction to the Bootstrap*, chapter 13 (percentile
//! intervals); T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time", ISMM 2013; E. Berger
//! et al., "Reconsidering custom memory allocation", OOPSLA 2002; G. Tene, HdrHistogram (percentiles).

use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::RawAllocator;

/// One operation on block number `id`. Numbers may be used again once freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Allocates.
    Allocate(u32, Layout),
    /// Allocates, all bytes zero.
    AllocateZeroed(u32, Layout),
    /// Changes the size; the alignment stays.
    Reallocate(u32, usize),
    /// Frees.
    Free(u32),
}

/// A clock, injected so that figures can be exact under test. In nanoseconds, never backwards.
pub trait Clock {
    /// Now.
    fn now(&mut self) -> u64;
}

/// The allocator under test, with what the raw trait lacks.
pub trait Subject: RawAllocator {
    /// Allocates with every byte of `layout.size()` zero.
    fn allocate_zeroed(&mut self, layout: Layout) -> Option<NonNull<[u8]>>;
}

/// What an allocator did wrong. Where several are seen in one new block, the first of this list is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Defect {
    /// A block is shorter than asked for.
    TooShort,
    /// A block is not aligned.
    Misaligned,
    /// A block shares bytes with a live one.
    Overlap,
    /// A zeroed block has a byte that is not zero.
    NotZeroed,
    /// A reallocated block lost bytes of its common prefix.
    LostOnReallocate,
    /// A block's bytes changed while it was live.
    Corrupted,
    /// An allocation was refused while nothing was live, although one at least as large and as aligned had
    /// been served before.
    SpuriousExhaustion,
    /// A sound free was refused.
    RefusedFree,
}

/// What one run of a workload showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Time inside the allocator alone, in the clock's units: the sum over the calls.
    pub time: u64,
    /// Calls to the allocator; a reallocation is one.
    pub calls: u64,
    /// Peak of the live bytes asked for. A block with a defect never counts as live.
    pub peak_live: usize,
    /// The first defect and the operation it was found at; `ops.len()` where it was found at the end.
    pub defect: Option<(usize, Defect)>,
}

/// A workload that is meant to expose defects, the same for the same seed, and another for another one.
///
/// At most `ops` operations and at least half as many (`ops` is at least 256). At most `budget` bytes are
/// live at once (`budget` is at least 64 KiB). Only numbers that are live are reallocated or freed, only
/// others allocated; no size is zero; and at the end nothing is live. The hand-out says what it must hold
/// beyond that.
pub fn workload(seed: u64, ops: usize, budget: usize) -> Vec<Op> {
    todo!("ps1.comparison.workload: {ops} operations below {budget} bytes, seed {seed:#x}")
}

/// Runs a workload: fills each block that it gets, checks it whole before it is given back, and reads the
/// clock just before and just after each call of the subject, so that neither filling nor checking is timed.
///
/// An operation on a number that is not live, since its request was refused, is skipped. Stops at the first
/// defect, and calls the subject no more after it. At the end, what is left is checked and freed; these frees
/// are neither timed nor counted.
pub fn run(subject: &mut dyn Subject, ops: &[Op], clock: &mut dyn Clock) -> Run {
    let places = (&raw const *subject, &raw const *clock);
    todo!("ps1.comparison.run: carry out {} operations on {places:?}", ops.len())
}

/// Utilisation after each operation: live bytes asked for, over the footprint that `footprint` gives for the
/// operation's index. `footprint` is asked once for each, in order. 0 while the footprint is.
pub fn utilisation(ops: &[Op], footprint: &mut dyn FnMut(usize) -> usize) -> Vec<f64> {
    todo!("ps1.comparison.utilisation: over {} operations ({:p})", ops.len(), &raw const *footprint)
}

/// The least value that at least `percent` of `values` do not exceed (nearest rank). `None` if there are
/// none. `percent` is in 0..=100, and 0 gives the least. May reorder `values`.
pub fn percentile(values: &mut [u64], percent: f64) -> Option<u64> {
    todo!("ps1.comparison.percentile: {percent} of {values:?}")
}

/// Times `pairs` pairs of `a` and `b`, in an order drawn for each pair from `seed`, after `warm_up` pairs
/// that do not count and for which the clock is not read.
///
/// Each ratio is b's time over a's, in the order of the pairs. A time of 0 counts as 1, the least that the
/// clock tells.
pub fn paired(
    a: &mut dyn FnMut(),
    b: &mut dyn FnMut(),
    clock: &mut dyn Clock,
    (warm_up, pairs): (usize, usize),
    seed: u64,
) -> Vec<f64> {
    let places = (&raw const *a, &raw const *b, &raw const *clock);
    todo!("ps1.comparison.paired: {warm_up} and {pairs} pairs of {places:?}, seed {seed:#x}")
}

/// A median with a percentile bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The median; the mean of the middle two of an even number.
    pub median: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// Estimates the median of `ratios` with a 95 % interval from `resamples` resamples, drawn from `seed`.
///
/// `None` if there are no ratios. The interval is of the median, not of the ratios: it narrows with more of
/// them. With no resamples both of its ends are the median.
pub fn estimate(ratios: &[f64], resamples: usize, seed: u64) -> Option<Estimate> {
    todo!("ps1.comparison.estimate: {} ratios, {resamples} resamples, seed {seed:#x}", ratios.len())
}
