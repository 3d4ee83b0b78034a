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

// This answer's workload is a catalogue: short stories, each of which shows one defect, in a random order. Its
// run keeps a copy of every block beside it, and the live blocks in a plain vector.

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
pub fn workload(seed: u64, limit: usize, budget: usize) -> Vec<Op> {
    let mut draws = Draws::new(seed);
    let mut ops = Vec::new();
    let large = layout(budget / 2 + 1, 8);
    let small = budget / 8;
    // Every story allocates numbers from 1 on and frees them, so that nothing is live between two.
    while ops.len() + 24 <= limit {
        if ops.len() % 480 < 24 {
            ops.extend([Op::Allocate(0, large), Op::Free(0)]);
        }
        let most = if draws.upto(8) == 0 { small / 6 } else { 400 };
        let size = 16 + draws.upto(most);
        let align = 1 << draws.upto(9);
        match draws.upto(5) {
            // Dirty memory, asked for again as zeroes.
            0 => {
                ops.extend([Op::Allocate(1, layout(size, align)), Op::Free(1)]);
                ops.extend([Op::AllocateZeroed(1, layout(size, align)), Op::Free(1)]);
            }
            // Growth and shrinkage.
            1 | 2 => {
                ops.push(Op::Allocate(1, layout(size, align)));
                ops.push(Op::Allocate(2, layout(16, 8)));
                for size in [size + size / 2, size / 2, 3 * size, size / 3, 1 + size / 3] {
                    ops.push(Op::Reallocate(1, size));
                }
                ops.extend([Op::Free(1), Op::Free(2)]);
            }
            // Many neighbours, every other one freed and asked for again.
            _ => {
                let size = 8 + size % 200;
                ops.extend((1..=6).map(|id| Op::Allocate(id, layout(size, align))));
                ops.extend([2, 4, 6].map(Op::Free));
                ops.extend([4, 2, 6].map(|id| Op::AllocateZeroed(id, layout(size - size / 4, 1))));
                let mut ids = [1, 2, 3, 4, 5, 6];
                for last in (1..6).rev() {
                    ids.swap(last, draws.upto(last + 1));
                }
                ops.extend(ids.map(Op::Free));
            }
        }
    }
    ops.extend([Op::Allocate(0, large), Op::Free(0)]);
    ops
}

/// Runs a workload: fills each block that it gets, checks it whole before it is given back, and reads the
/// clock just before and just after each call of the subject, so that neither filling nor checking is timed.
///
/// An operation on a number that is not live, since its request was refused, is skipped. Stops at the first
/// defect, and calls the subject no more after it. At the end, what is left is checked and freed; these frees
/// are neither timed nor counted.
pub fn run(subject: &mut dyn Subject, ops: &[Op], clock: &mut dyn Clock) -> Run {
    let mut told = Run { time: 0, calls: 0, peak_live: 0, defect: None };
    let mut live: Vec<Copied> = Vec::new();
    let mut served: Vec<Layout> = Vec::new();
    let mut draws = Draws::new(ops.len() as u64);
    for (at, op) in ops.iter().enumerate() {
        let id = match *op {
            Op::Allocate(id, _) | Op::AllocateZeroed(id, _) | Op::Reallocate(id, _) | Op::Free(id) => id,
        };
        let old = live.iter().position(|block| block.id == id);
        let asks = matches!(op, Op::Allocate(..) | Op::AllocateZeroed(..));
        if old.is_none() && !asks {
            continue;
        }
        let old = old.map(|index| live.remove(index));
        if old.as_ref().is_some_and(|old| !old.is_in(old.start, old.bytes.len())) {
            told.defect = Some((at, Defect::Corrupted));
            return told;
        }
        let before = clock.now();
        // SAFETY: a block that is given back is live, and came for its layout.
        let answer = match (op, &old) {
            (Op::Allocate(_, layout), _) => Ok((subject.allocate(*layout).ok(), *layout)),
            (Op::AllocateZeroed(_, layout), _) => Ok((subject.allocate_zeroed(*layout), *layout)),
            (Op::Reallocate(_, size), Some(old)) => {
                let moved = unsafe { subject.reallocate(old.start, old.layout, *size) };
                Ok((moved.ok(), layout(*size, old.layout.align())))
            }
            (_, Some(old)) => Err(unsafe { subject.deallocate(old.start, old.layout) }.is_err()),
            (_, None) => Err(false),
        };
        told.time += clock.now() - before;
        told.calls += 1;
        let defect = match answer {
            Err(refused) => refused.then_some(Defect::RefusedFree),
            Ok((None, layout)) => {
                let mut covered =
                    served.iter().filter(|old| old.size() >= layout.size() && old.align() >= layout.align());
                let spurious = asks && live.is_empty() && covered.next().is_some();
                live.extend(old);
                spurious.then_some(Defect::SpuriousExhaustion)
            }
            Ok((Some(block), layout)) => {
                let zeroed = matches!(op, Op::AllocateZeroed(..));
                let defect = wrong(block, layout, &live, zeroed, old.as_ref());
                if defect.is_none() {
                    if asks {
                        served.push(layout);
                    }
                    live.push(Copied::fill(id, block.cast(), layout, &mut draws));
                }
                defect
            }
        };
        if let Some(defect) = defect {
            told.defect = Some((at, defect));
            return told;
        }
        told.peak_live = told.peak_live.max(live.iter().map(|block| block.bytes.len()).sum());
    }
    for block in &live {
        let defect = if !block.is_in(block.start, block.bytes.len()) {
            Some(Defect::Corrupted)
        } else {
            // SAFETY: the block is live, and came for its layout.
            let freed = unsafe { subject.deallocate(block.start, block.layout) };
            freed.is_err().then_some(Defect::RefusedFree)
        };
        if let Some(defect) = defect {
            told.defect = Some((ops.len(), defect));
            break;
        }
    }
    told
}

/// Utilisation after each operation: live bytes asked for, over the footprint that `footprint` gives for the
/// operation's index. `footprint` is asked once for each, in order. 0 while the footprint is.
pub fn utilisation(ops: &[Op], footprint: &mut dyn FnMut(usize) -> usize) -> Vec<f64> {
    let mut live: Vec<(u32, usize)> = Vec::new();
    let mut ratios = Vec::with_capacity(ops.len());
    for (at, op) in ops.iter().enumerate() {
        let (id, size) = match *op {
            Op::Allocate(id, layout) | Op::AllocateZeroed(id, layout) => (id, Some(layout.size())),
            Op::Reallocate(id, size) => (id, Some(size)),
            Op::Free(id) => (id, None),
        };
        live.retain(|(other, _)| *other != id);
        live.extend(size.map(|size| (id, size)));
        let bytes: usize = live.iter().map(|(_, size)| size).sum();
        let footprint = footprint(at);
        ratios.push(if footprint == 0 { 0.0 } else { bytes as f64 / footprint as f64 });
    }
    ratios
}

/// The least value that at least `percent` of `values` do not exceed (nearest rank). `None` if there are
/// none. `percent` is in 0..=100, and 0 gives the least. May reorder `values`.
pub fn percentile(values: &mut [u64], percent: f64) -> Option<u64> {
    values.sort_unstable();
    let count = values.len() as f64;
    // The first value that with those before it is enough.
    let enough = |(index, _): &(usize, &u64)| (index + 1) as f64 * 100.0 >= percent * count;
    values.iter().enumerate().find(enough).map(|(_, value)| *value)
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
    let mut draws = Draws::new(seed);
    let mut ratios = Vec::new();
    for pair in 0..warm_up + pairs {
        let a_first = draws.next() >> 63 == 0;
        let mut bodies: [(usize, &mut dyn FnMut()); 2] = [(0, &mut *a), (1, &mut *b)];
        if !a_first {
            bodies.reverse();
        }
        let mut times = [0; 2];
        for (which, body) in bodies {
            if pair < warm_up {
                body();
            } else {
                let start = clock.now();
                body();
                times[which] = (clock.now() - start).max(1);
            }
        }
        if pair >= warm_up {
            ratios.push(times[1] as f64 / times[0] as f64);
        }
    }
    ratios
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
    let count = ratios.len();
    if count == 0 {
        return None;
    }
    let mut sorted = ratios.to_vec();
    sorted.sort_by(f64::total_cmp);
    // A resample is told by how often it drew each place of the order; its median is found by counting.
    let median = |times: &[usize]| {
        let nth = |rank: usize| {
            let mut seen = 0;
            let reached = |times: &usize| {
                seen += times;
                seen > rank
            };
            times.iter().position(reached).map_or(sorted[count - 1], |place| sorted[place])
        };
        (nth((count - 1) / 2) + nth(count / 2)) / 2.0
    };
    let mut draws = Draws::new(seed);
    let mut medians = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        let mut times = vec![0; count];
        for _ in 0..count {
            times[draws.upto(count)] += 1;
        }
        medians.push(median(&times));
    }
    medians.sort_by(f64::total_cmp);
    let centre = median(&vec![1; count]);
    let at = |part: f64| {
        let place = (part * resamples as f64) as usize;
        medians.get(place.min(resamples.saturating_sub(1))).copied().unwrap_or(centre)
    };
    Some(Estimate { median: centre, low: at(0.025), high: at(0.975) })
}

/// Xorshift (Marsaglia 2003).
struct Draws(u64);

impl Draws {
    fn new(seed: u64) -> Self {
        let mut draws = Self(seed.wrapping_mul(0xd129_0d3b_32a7_6df5) | 1);
        for _ in 0..16 {
            draws.next();
        }
        draws
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn upto(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound.max(1)
    }
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size.max(1), align).unwrap_or(Layout::new::<u8>())
}

/// A live block, and a copy of what was written into it.
struct Copied {
    id: u32,
    start: NonNull<u8>,
    layout: Layout,
    bytes: Vec<u8>,
}

impl Copied {
    /// Fills a block with bytes that were never drawn before.
    fn fill(id: u32, start: NonNull<u8>, layout: Layout, draws: &mut Draws) -> Self {
        let bytes: Vec<u8> = (0..layout.size()).map(|_| (draws.next() >> 56) as u8).collect();
        // SAFETY: the block holds the layout's bytes, and is no part of the vector.
        unsafe { start.copy_from_nonoverlapping(NonNull::from(&*bytes).cast(), bytes.len()) };
        Self { id, start, layout, bytes }
    }

    /// Whether the first `len` bytes at `start` are the copy's.
    fn is_in(&self, start: NonNull<u8>, len: usize) -> bool {
        // SAFETY: a live block holds so many bytes, all written.
        let bytes = unsafe { core::slice::from_raw_parts(start.as_ptr(), len) };
        bytes == &self.bytes[..len]
    }
}

/// What is wrong with a block that came for `layout`.
fn wrong(
    block: NonNull<[u8]>,
    layout: Layout,
    live: &[Copied],
    zeroed: bool,
    old: Option<&Copied>,
) -> Option<Defect> {
    let (start, size) = (block.cast::<u8>(), layout.size());
    let from = start.addr().get();
    let apart = |other: &Copied| {
        let other_from = other.start.addr().get();
        from + size <= other_from || other_from + other.bytes.len() <= from
    };
    if block.len() < size {
        return Some(Defect::TooShort);
    }
    if from % layout.align() != 0 {
        return Some(Defect::Misaligned);
    }
    if !live.iter().all(apart) {
        return Some(Defect::Overlap);
    }
    // SAFETY: the block holds so many bytes, and the subject says that they are zero.
    if zeroed && unsafe { core::slice::from_raw_parts(start.as_ptr(), size) }.iter().any(|byte| *byte != 0) {
        return Some(Defect::NotZeroed);
    }
    let lost = old.is_some_and(|old| !old.is_in(start, size.min(old.bytes.len())));
    lost.then_some(Defect::LostOnReallocate)
}
