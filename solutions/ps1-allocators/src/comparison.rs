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
// SOLUTION
//!
//! # How this one does it
//!
//! ```text
//!   live         7 ─► [0x5000, 0x5040), filling 12        number ─► block
//!   ranges  0x5000 ─► 0x5040                              start ─► end: neighbours decide an overlap
//!   filling 12, byte 20 = byte 4 of mix(12, word 2)       never stored, computed again to check
//! ```
//!
//! Each filling has a number of its own, whatever block it goes to: so old contents never pass for new ones.
// END

use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::RawAllocator;
// SOLUTION
use std::collections::{BTreeMap, HashMap};
// END

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
// SOLUTION

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`, which is above zero.
    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Times that a workload frees everything and begins again.
const ROUNDS: usize = 4;
// END

/// A workload that is meant to expose defects, the same for the same seed, and another for another one.
///
/// At most `ops` operations and at least half as many (`ops` is at least 256). At most `budget` bytes are
/// live at once (`budget` is at least 64 KiB). Only numbers that are live are reallocated or freed, only
/// others allocated; no size is zero; and at the end nothing is live. The hand-out says what it must hold
/// beyond that.
pub fn workload(seed: u64, ops: usize, budget: usize) -> Vec<Op> {
    // SOLUTION
    let mut random = Random(seed);
    let (mut plan, mut live, mut spare) = (Vec::with_capacity(ops), Vec::<(u32, usize)>::new(), vec![]);
    let (mut bytes, mut numbers) = (0, 1);
    let large = Layout::from_size_align(budget / 2, 16).unwrap_or(Layout::new::<u64>());
    for round in 1..=ROUNDS {
        // Asked for in every round, with nothing live: memory that was lost or refused since shows here.
        plan.extend([Op::Allocate(0, large), Op::Free(0)]);
        let until = (ops * round / ROUNDS).saturating_sub(4);
        while plan.len() + live.len() < until {
            let size = match random.below(16) {
                0 => 1 + random.below(budget / 16),
                1..=3 => 1 + random.below(2048),
                _ => 1 + random.below(160),
            };
            let choice = random.below(10);
            if choice < 5 && bytes + size <= budget {
                let id = spare.pop().unwrap_or(numbers);
                numbers = numbers.max(id + 1);
                let layout = Layout::from_size_align(size, 1 << random.below(9));
                let layout = layout.unwrap_or(Layout::new::<u64>());
                plan.push(if choice < 3 { Op::Allocate(id, layout) } else { Op::AllocateZeroed(id, layout) });
                live.push((id, layout.size()));
                bytes += layout.size();
            } else if !live.is_empty() {
                let index = random.below(live.len());
                let (id, old) = live[index];
                let most = if random.below(2) == 0 { old } else { 6 * old };
                let new = 1 + random.below(most);
                if choice < 8 && bytes - old + new <= budget {
                    plan.push(Op::Reallocate(id, new));
                    live[index].1 = new;
                    bytes = bytes - old + new;
                } else {
                    plan.push(Op::Free(id));
                    live.swap_remove(index);
                    spare.push(id);
                    bytes -= old;
                }
            }
        }
        for (id, _) in live.drain(..) {
            plan.push(Op::Free(id));
            spare.push(id);
        }
        bytes = 0;
    }
    plan.extend([Op::Allocate(0, large), Op::Free(0)]);
    plan
    // STUB: todo!("ps1.comparison.workload: {ops} operations below {budget} bytes, seed {seed:#x}")
    // END
}
// SOLUTION

/// A live block.
#[derive(Clone, Copy)]
struct Block {
    start: NonNull<u8>,
    layout: Layout,
    /// Which filling its bytes are.
    filling: u64,
}

impl Block {
    /// The byte of the filling at `index`.
    fn byte(&self, index: usize) -> u8 {
        let word = mix(self.filling.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (index / 8) as u64);
        word.to_le_bytes()[index % 8]
    }

    /// Whether the first `len` bytes at `start` are the filling's.
    fn held(&self, start: NonNull<u8>, len: usize) -> bool {
        // SAFETY: `start` is a live block's, which holds `len` bytes; they were filled, or copied.
        (0..len).all(|index| unsafe { start.add(index).read() } == self.byte(index))
    }
}

/// A run at work.
struct Bench<'a> {
    subject: &'a mut dyn Subject,
    clock: &'a mut dyn Clock,
    live: HashMap<u32, Block>,
    /// The live blocks' first address to one past their last.
    ranges: BTreeMap<usize, usize>,
    /// What was served so far.
    served: Vec<Layout>,
    /// Sum of the live blocks' sizes.
    bytes: usize,
    fillings: u64,
    run: Run,
}

impl Bench<'_> {
    /// One call, timed.
    fn timed<R>(&mut self, call: impl FnOnce(&mut dyn Subject) -> R) -> R {
        let before = self.clock.now();
        let result = call(self.subject);
        self.run.time += self.clock.now() - before;
        self.run.calls += 1;
        result
    }

    fn step(&mut self, op: Op) -> Result<(), Defect> {
        match op {
            Op::Allocate(id, layout) => {
                let block = self.timed(|subject| subject.allocate(layout).ok());
                self.served(id, layout, block, false)
            }
            Op::AllocateZeroed(id, layout) => {
                let block = self.timed(|subject| subject.allocate_zeroed(layout));
                self.served(id, layout, block, true)
            }
            Op::Reallocate(id, size) => self.reallocate(id, size),
            Op::Free(id) => {
                let Some(block) = self.leave(id)? else { return Ok(()) };
                // SAFETY: the block is live, and came for this layout.
                let freed = self.timed(|subject| unsafe { subject.deallocate(block.start, block.layout) });
                freed.map_err(|_| Defect::RefusedFree)
            }
        }
    }

    /// What came of a request.
    fn served(
        &mut self,
        id: u32,
        layout: Layout,
        block: Option<NonNull<[u8]>>,
        zeroed: bool,
    ) -> Result<(), Defect> {
        let Some(block) = block else {
            let served = |old: &Layout| old.size() >= layout.size() && old.align() >= layout.align();
            let spurious = self.live.is_empty() && self.served.iter().any(served);
            return if spurious { Err(Defect::SpuriousExhaustion) } else { Ok(()) };
        };
        self.sound(block, layout)?;
        let start = block.cast::<u8>();
        // SAFETY: the block holds the layout's bytes, and the subject says that they are zero.
        if zeroed && (0..layout.size()).any(|index| unsafe { start.add(index).read() } != 0) {
            return Err(Defect::NotZeroed);
        }
        self.served.push(layout);
        self.adopt(id, start, layout);
        Ok(())
    }

    fn reallocate(&mut self, id: u32, size: usize) -> Result<(), Defect> {
        let Some(old) = self.leave(id)? else { return Ok(()) };
        let layout = Layout::from_size_align(size, old.layout.align()).unwrap_or(old.layout);
        // SAFETY: the block is live, and came for this layout.
        let moved = self.timed(|subject| unsafe { subject.reallocate(old.start, old.layout, size) });
        let Ok(moved) = moved else {
            self.adopt(id, old.start, old.layout);
            return Ok(());
        };
        self.sound(moved, layout)?;
        if !old.held(moved.cast(), size.min(old.layout.size())) {
            return Err(Defect::LostOnReallocate);
        }
        self.adopt(id, moved.cast(), layout);
        Ok(())
    }

    /// Length, alignment and place of a new block.
    fn sound(&self, block: NonNull<[u8]>, layout: Layout) -> Result<(), Defect> {
        let start = block.cast::<u8>().addr().get();
        let before = self.ranges.range(..start + layout.size()).next_back();
        if block.len() < layout.size() {
            Err(Defect::TooShort)
        } else if !start.is_multiple_of(layout.align()) {
            Err(Defect::Misaligned)
        } else if before.is_some_and(|(_, end)| *end > start) {
            Err(Defect::Overlap)
        } else {
            Ok(())
        }
    }

    /// Fills a block and makes it live.
    fn adopt(&mut self, id: u32, start: NonNull<u8>, layout: Layout) {
        self.fillings += 1;
        let block = Block { start, layout, filling: self.fillings };
        for index in 0..layout.size() {
            // SAFETY: the block holds the layout's bytes and is ours.
            unsafe { start.add(index).write(block.byte(index)) };
        }
        self.ranges.insert(start.addr().get(), start.addr().get() + layout.size());
        self.live.insert(id, block);
        self.bytes += layout.size();
        self.run.peak_live = self.run.peak_live.max(self.bytes);
    }

    /// Checks a block that is about to be given back, and forgets it. `None` if the number is not live.
    fn leave(&mut self, id: u32) -> Result<Option<Block>, Defect> {
        let Some(block) = self.live.remove(&id) else { return Ok(None) };
        self.ranges.remove(&block.start.addr().get());
        self.bytes -= block.layout.size();
        if block.held(block.start, block.layout.size()) { Ok(Some(block)) } else { Err(Defect::Corrupted) }
    }

    /// Checks and frees what is left, untimed.
    fn finish(&mut self) -> Result<(), Defect> {
        let left: Vec<u32> = self.live.keys().copied().collect();
        for id in left {
            if let Some(block) = self.leave(id)? {
                // SAFETY: the block is live, and came for this layout.
                let freed = unsafe { self.subject.deallocate(block.start, block.layout) };
                freed.map_err(|_| Defect::RefusedFree)?;
            }
        }
        Ok(())
    }
}
// END

/// Runs a workload: fills each block that it gets, checks it whole before it is given back, and reads the
/// clock just before and just after each call of the subject, so that neither filling nor checking is timed.
///
/// An operation on a number that is not live, since its request was refused, is skipped. Stops at the first
/// defect, and calls the subject no more after it. At the end, what is left is checked and freed; these frees
/// are neither timed nor counted.
pub fn run(subject: &mut dyn Subject, ops: &[Op], clock: &mut dyn Clock) -> Run {
    // SOLUTION
    let run = Run { time: 0, calls: 0, peak_live: 0, defect: None };
    let (live, ranges, served) = (HashMap::new(), BTreeMap::new(), Vec::new());
    let mut bench = Bench { subject, clock, live, ranges, served, bytes: 0, fillings: 0, run };
    for (at, op) in ops.iter().enumerate() {
        if let Err(defect) = bench.step(*op) {
            bench.run.defect = Some((at, defect));
            return bench.run;
        }
    }
    bench.run.defect = bench.finish().err().map(|defect| (ops.len(), defect));
    bench.run
    // STUB: let places = (&raw const *subject, &raw const *clock);
    // STUB: todo!("ps1.comparison.run: carry out {} operations on {places:?}", ops.len())
    // END
}

/// Utilisation after each operation: live bytes asked for, over the footprint that `footprint` gives for the
/// operation's index. `footprint` is asked once for each, in order. 0 while the footprint is.
pub fn utilisation(ops: &[Op], footprint: &mut dyn FnMut(usize) -> usize) -> Vec<f64> {
    // SOLUTION
    let (mut sizes, mut live) = (HashMap::new(), 0);
    let mut after = |(at, op): (usize, &Op)| {
        let (id, size) = match *op {
            Op::Allocate(id, layout) | Op::AllocateZeroed(id, layout) => (id, layout.size()),
            Op::Reallocate(id, size) => (id, size),
            Op::Free(id) => (id, 0),
        };
        live += size;
        live -= sizes.insert(id, size).unwrap_or(0);
        match footprint(at) {
            0 => 0.0,
            footprint => live as f64 / footprint as f64,
        }
    };
    ops.iter().enumerate().map(&mut after).collect()
    // STUB: todo!("ps1.comparison.utilisation: over {} operations ({:p})", ops.len(), &raw const *footprint)
    // END
}

/// The least value that at least `percent` of `values` do not exceed (nearest rank). `None` if there are
/// none. `percent` is in 0..=100, and 0 gives the least. May reorder `values`.
pub fn percentile(values: &mut [u64], percent: f64) -> Option<u64> {
    // SOLUTION
    // Multiplied before it is divided: 55 % of 20 are 11, and 0.55 * 20.0 is above 11.
    let rank = (percent * values.len() as f64 / 100.0).ceil() as usize;
    let index = rank.max(1) - 1;
    (index < values.len()).then(|| *values.select_nth_unstable(index).1)
    // STUB: todo!("ps1.comparison.percentile: {percent} of {values:?}")
    // END
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
    // SOLUTION
    let mut random = Random(seed);
    for _ in 0..warm_up {
        a();
        b();
    }
    let mut timed = |body: &mut dyn FnMut()| {
        let before = clock.now();
        body();
        (clock.now() - before).max(1) as f64
    };
    let mut ratio = |_| {
        let (time_a, time_b);
        if random.below(2) == 0 {
            time_a = timed(a);
            time_b = timed(b);
        } else {
            time_b = timed(b);
            time_a = timed(a);
        }
        time_b / time_a
    };
    (0..pairs).map(&mut ratio).collect()
    // STUB: let places = (&raw const *a, &raw const *b, &raw const *clock);
    // STUB: todo!("ps1.comparison.paired: {warm_up} and {pairs} pairs of {places:?}, seed {seed:#x}")
    // END
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
// SOLUTION

/// The median of what is not empty.
fn median(values: &mut [f64]) -> f64 {
    let (middle, even) = (values.len() / 2, values.len().is_multiple_of(2));
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let lower = below.iter().copied().max_by(f64::total_cmp);
    lower.filter(|_| even).map_or(*upper, |lower| f64::midpoint(lower, *upper))
}
// END

/// Estimates the median of `ratios` with a 95 % interval from `resamples` resamples, drawn from `seed`.
///
/// `None` if there are no ratios. The interval is of the median, not of the ratios: it narrows with more of
/// them. With no resamples both of its ends are the median.
pub fn estimate(ratios: &[f64], resamples: usize, seed: u64) -> Option<Estimate> {
    // SOLUTION
    if ratios.is_empty() {
        return None;
    }
    let mut random = Random(seed);
    let mut drawn = ratios.to_vec();
    let centre = median(&mut drawn);
    let mut medians: Vec<f64> = (0..resamples)
        .map(|_| {
            drawn.fill_with(|| ratios[random.below(ratios.len())]);
            median(&mut drawn)
        })
        .collect();
    medians.sort_unstable_by(f64::total_cmp);
    // The same number is cut off at each end.
    let cut = resamples / 40;
    let low = medians.get(cut).copied().unwrap_or(centre);
    let high = medians.iter().rev().nth(cut).copied().unwrap_or(centre);
    Some(Estimate { median: centre, low, high })
    // STUB: todo!("ps1.comparison.estimate: {} ratios, {resamples} resamples, seed {seed:#x}", ratios.len())
    // END
}
