//! What one run of a program showed, given: what every writer of a report takes.
//!
//! ```text
//!   Tracker, Patterns, History ──► Profile ──► summary   text for a terminal
//!                                     │   ──► html      a page with charts
//!   site 7: add_site(stack, …) ───────┘   ──► dhat      for Valgrind's dh_view.html
//!                                         ──► pprof     for `pprof` and whatever reads its format
//!                                         ──► folded    for flame graphs
//! ```
//!
//! Whoever watches a program fills it in once, at the end: the facts of the run, then every site. It holds no
//! symbols: those are asked for while a report is written, and may come from another process.

#[cfg(test)]
pub mod example;
mod series;

pub use series::{Moment, SIZES, Size};

use crate::fragmentation::Fragmentation;
use crate::report::{Aggregate, Weight};
use std::collections::HashMap;
use std::time::Duration;

/// A run of a program.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// What is known of the run as a whole.
    pub run: Run,
    /// All that was ever allocated.
    pub allocated: Aggregate,
    /// What was live when most was, all stacks together.
    pub at_peak: Aggregate,
    /// What was never freed.
    pub at_end: Aggregate,
    /// The most that each stack had live at once. Where several sites have one stack, the sum of theirs, which
    /// is an upper bound.
    pub most: Aggregate,
    /// The blocks of each stack, and as bytes the sum of their lifetimes on the clock.
    pub lifetimes: Aggregate,
}

/// What is known of a run as a whole. What was not looked at is `None`, or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// The command line.
    pub command: String,
    /// The process's number.
    pub pid: u32,
    /// How long it ran.
    pub elapsed: Duration,
    /// When it began, since the Unix epoch.
    pub began: Duration,
    /// Where the figures are estimates from a sample: a byte in so many was looked at.
    pub sampled: Option<u64>,
    /// The clock at the end: all bytes that were ever allocated.
    pub clock: u64,
    /// The clock when most was live; `None` if no lives were followed, so that [`Figures`] hold only what was
    /// allocated and what was never freed.
    pub peak_clock: Option<u64>,
    /// Calls that changed the size of a block.
    pub reallocations: u64,
    /// Blocks that were freed by the next event of their thread.
    pub temporary: Option<u64>,
    /// Peak footprint over peak live bytes.
    pub overhead: Option<f64>,
    /// The heap's measures at the end.
    pub fragmentation: Option<Fragmentation>,
    /// Sizes of the heap, in the order of time.
    pub series: Vec<Moment>,
    /// Blocks by the size that was asked for.
    pub sizes: Vec<Bucket>,
    /// Freed blocks by their lifetime on the clock.
    pub lifetimes: Vec<Bucket>,
}

impl Run {
    /// What is said of a size that is not known.
    pub fn unknown(&self) -> &'static str {
        if self.sampled.is_some() { "not known in a sampled run" } else { "not known" }
    }
}

/// A bucket of a histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    /// The least value that it counts.
    pub low: u64,
    /// The largest.
    pub high: u64,
    /// How many there were.
    pub count: u64,
}

impl Bucket {
    /// The same counts in wider buckets: 0, 1, 2-3, 4-7 and so on, from the first that counts any to the last.
    pub fn by_doubling(buckets: &[Self]) -> Vec<Self> {
        let doubling = |value: u64| (u64::BITS - value.leading_zeros()) as usize;
        let mut wide: Vec<Self> = (0..=u64::BITS as usize)
            .map(|bits| match bits {
                0 => Self::default(),
                bits => Self { low: 1 << (bits - 1), high: u64::MAX >> (64 - bits), count: 0 },
            })
            .collect();
        for bucket in buckets {
            wide[doubling(bucket.low)].count += bucket.count;
        }
        let counts = |bucket: &Self| bucket.count > 0;
        let (first, last) = (wide.iter().position(counts), wide.iter().rposition(counts));
        first.zip(last).map_or(Vec::new(), |(first, last)| wide[first..=last].to_vec())
    }
}

/// A site's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// What it ever allocated: each block, and what blocks grew by.
    pub allocated: Weight,
    /// What it had live when most was, all sites together.
    pub at_peak: Weight,
    /// What it never freed.
    pub at_end: Weight,
    /// The most that it had live at once.
    pub most: Weight,
    /// The sum of its blocks' lifetimes on the clock of allocated bytes; those of live blocks end with the run.
    pub lifetime: u64,
}

impl Profile {
    /// Nothing was allocated yet.
    pub fn new(run: Run) -> Self {
        Self { run, ..Self::default() }
    }

    /// Adds a site. `stack` holds return addresses, innermost first, of which the first `skip` are the
    /// profiler's own. Sites that have one stack are added up.
    pub fn add_site(&mut self, stack: &[usize], skip: usize, figures: &Figures) {
        let Figures { allocated, at_peak, at_end, most, lifetime } = *figures;
        self.allocated.add(stack, skip, allocated);
        let lifetimes = Weight { blocks: allocated.blocks, bytes: lifetime };
        for (aggregate, weight) in [
            (&mut self.at_peak, at_peak),
            (&mut self.at_end, at_end),
            (&mut self.most, most),
            (&mut self.lifetimes, lifetimes),
        ] {
            // A stack that kept nothing is not listed among those that did.
            if weight != Weight::default() {
                aggregate.add(stack, skip, weight);
            }
        }
    }

    /// A row for each stack that ever allocated, in the order of what it allocated, with the figures of all
    /// aggregates.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let [at_peak, at_end, most, lifetimes] = [&self.at_peak, &self.at_end, &self.most, &self.lifetimes]
            .map(|aggregate| aggregate.stacks().into_iter().collect::<HashMap<_, _>>());
        let figures = |stack: &[usize], allocated| {
            let of = |by_stack: &HashMap<&[usize], Weight>| by_stack.get(stack).copied().unwrap_or_default();
            Figures {
                allocated,
                at_peak: of(&at_peak),
                at_end: of(&at_end),
                most: of(&most),
                lifetime: of(&lifetimes).bytes,
            }
        };
        let rows = self.allocated.stacks().into_iter();
        rows.map(|(stack, allocated)| Row { stack, figures: figures(stack, allocated) }).collect()
    }
}

/// A stack and all its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'p> {
    /// Return addresses, innermost first.
    pub stack: &'p [usize],
    /// Its figures.
    pub figures: Figures,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_buckets_hold_the_same_counts_from_the_first_to_the_last() {
        let bucket = |low, high, count| Bucket { low, high, count };
        let narrow =
            [bucket(4, 4, 1), bucket(7, 7, 2), bucket(8, 8, 0), bucket(16, 17, 5), bucket(64, 67, 0)];
        assert_eq!(Bucket::by_doubling(&narrow), [bucket(4, 7, 3), bucket(8, 15, 0), bucket(16, 31, 5)]);
        let ends = [bucket(0, 0, 1), bucket(1, 1, 1), bucket(u64::MAX, u64::MAX, 1)];
        let wide = Bucket::by_doubling(&ends);
        assert_eq!((wide.len(), wide[0], wide[1]), (65, ends[0], ends[1]));
        assert_eq!(wide[64], bucket(1 << 63, u64::MAX, 1));
        assert_eq!(Bucket::by_doubling(&[]), []);
    }
}
