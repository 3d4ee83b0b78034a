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
// SOLUTION
//!
//! # How this one does it
//!
//! ```text
//!   blocks   0x5000 ─► 24 bytes, born at 1000, place 2        by address, only what is live
//!   places   site 7 ─► place 2                                asked once a block's life
//!   sites    place 2 ─► what is known of site 7
//! ```
// END

use crate::Site;
// SOLUTION
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
// END

/// A histogram of sizes. What is known of a size from its bucket is off by less than 1/16 of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    // SOLUTION
    /// How many sizes each bucket has.
    counts: [u64; Self::BUCKETS],
    // STUB: // Your fields, each with its invariant.
    // END
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
        // SOLUTION
        Self { counts: [0; Self::BUCKETS] }
        // STUB: Self {}
        // END
    }

    /// The bucket of `size`, from 0: its own up to 31, then 16 a doubling. Constant time.
    pub fn bucket(size: u64) -> usize {
        // SOLUTION
        // The highest bit says which doubling, and it and the four bits below it are 16 to 31.
        let shift = (size | 16).ilog2() - 4;
        (16 * shift as usize) + (size >> shift) as usize
        // STUB: todo!("lab1.patterns.bucket: which bucket holds {size}?")
        // END
    }

    /// The least and the largest size of a bucket, which is one of the [`BUCKETS`](Self::BUCKETS).
    pub fn bounds(bucket: usize) -> (u64, u64) {
        // SOLUTION
        let shift = (bucket / 16).saturating_sub(1);
        let least = (bucket - 16 * shift) as u64;
        let width = 1 << shift;
        (least * width, least * width + (width - 1))
        // STUB: todo!("lab1.patterns.bounds: what does bucket {bucket} hold?")
        // END
    }

    /// Counts one size, up to `u64::MAX` times. Constant time.
    pub fn record(&mut self, size: u64) {
        // SOLUTION
        let count = &mut self.counts[Self::bucket(size)];
        *count = count.saturating_add(1);
        // STUB: todo!("lab1.patterns.record: count {size}")
        // END
    }

    /// Adds another shard's counts.
    pub fn merge(&mut self, other: &Self) {
        // SOLUTION
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        // STUB: todo!("lab1.patterns.merge: add {other:?}")
        // END
    }

    /// How many sizes are in a bucket, which is one of the [`BUCKETS`](Self::BUCKETS).
    pub fn count(&self, bucket: usize) -> u64 {
        // SOLUTION
        self.counts[bucket]
        // STUB: todo!("lab1.patterns.count: bucket {bucket}")
        // END
    }

    /// How many sizes were recorded, at most `u64::MAX`.
    pub fn total(&self) -> u64 {
        // SOLUTION
        self.counts.iter().fold(0, |total, count| total.saturating_add(*count))
        // STUB: todo!("lab1.patterns.total: all counts together")
        // END
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
    // SOLUTION
    /// Bytes allocated so far, modulo 2^64.
    clock: u64,
    /// The block that the last event allocated, if that is what it did.
    newest: Option<usize>,
    /// What is live, by address.
    blocks: HashMap<usize, Block, Hash>,
    /// Each site's place in `sites`.
    places: HashMap<Site, usize, Hash>,
    /// What is known of each site, but for the leak score.
    sites: Vec<SiteProfile>,
    // STUB: // Your fields, each with its invariant.
    // END
}
// SOLUTION

/// A live block.
#[derive(Debug)]
struct Block {
    size: u64,
    /// What the clock showed after it was allocated.
    birth: u64,
    /// Of its site, in `sites`.
    place: usize,
}
// END

impl Patterns {
    /// Nothing was seen.
    pub const fn new() -> Self {
        // SOLUTION
        Self {
            clock: 0,
            newest: None,
            blocks: HashMap::with_hasher(Hash::new()),
            places: HashMap::with_hasher(Hash::new()),
            sites: Vec::new(),
        }
        // STUB: Self {}
        // END
    }

    /// A block was allocated: the clock advances by `size`, and then its life begins.
    pub fn allocated(&mut self, block: usize, size: u64, site: Site) {
        // SOLUTION
        let before = self.clock;
        self.clock = before.wrapping_add(size);
        self.newest = Some(block);
        let place = *self.places.entry(site).or_insert_with(|| {
            self.sites.push(SiteProfile::default());
            self.sites.len() - 1
        });
        self.sites[place].allocations += 1;
        let unseen = self.blocks.insert(block, Block { size, birth: self.clock, place });
        if let Some(unseen) = unseen {
            self.end(&unseen, before);
        }
        // STUB: todo!("lab1.patterns.allocated: {size} bytes at {block:#x} by site {site}")
        // END
    }

    /// A block moved, or changed its size in place (`from` is `to`): its life and its site go on. The clock advances
    /// by its growth, and stands still where it shrank or is not known. Where no block was known at `from`, there is none
    /// at `to` afterwards either: one that was known there was freed, and nobody saw it.
    pub fn moved(&mut self, from: usize, to: usize, new_size: u64) {
        // SOLUTION
        let before = self.clock;
        self.newest = None;
        let unseen = match self.blocks.remove(&from) {
            Some(block) => {
                self.clock = before.wrapping_add(new_size.saturating_sub(block.size));
                self.blocks.insert(to, Block { size: new_size, ..block })
            }
            None => self.blocks.remove(&to),
        };
        if let Some(unseen) = unseen {
            self.end(&unseen, before);
        }
        // STUB: todo!("lab1.patterns.moved: {from:#x} to {to:#x} of {new_size} bytes")
        // END
    }

    /// A block was freed. One that is not known changes nothing, but it is an event.
    pub fn freed(&mut self, block: usize) {
        // SOLUTION
        let temporary = self.newest.take() == Some(block);
        if let Some(gone) = self.blocks.remove(&block) {
            self.end(&gone, self.clock).temporary += u64::from(temporary);
        }
        // STUB: todo!("lab1.patterns.freed: {block:#x}")
        // END
    }

    /// What is known of a site, which need never have allocated.
    pub fn site(&self, site: Site) -> SiteProfile {
        // SOLUTION
        let known = self.places.get(&site).map(|place| self.sites[*place]).unwrap_or_default();
        let live = known.allocations - known.frees;
        SiteProfile { leak_score: (live + 1) as f64 / (known.allocations + 2) as f64, ..known }
        // STUB: todo!("lab1.patterns.site: site {site}")
        // END
    }
    // SOLUTION

    /// Notes the end of a block when the clock showed `now`, and gives what is known of its site.
    fn end(&mut self, block: &Block, now: u64) -> &mut SiteProfile {
        let site = &mut self.sites[block.place];
        site.frees += 1;
        site.lifetime = site.lifetime.saturating_add(now.wrapping_sub(block.birth));
        site
    }
    // END
}
// SOLUTION

type Hash = BuildHasherDefault<Fold>;

/// Multiplies, and folds the product: addresses differ in a few bits in the middle, and a hash map takes the place
/// from the lowest ones and the tag from the highest.
#[derive(Debug, Default)]
struct Fold(u64);

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(GOLDEN);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// 2^64 over the golden ratio, to the next odd number: SplitMix64's increment, and Knuth's multiplier.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// What SplitMix64 makes of its state: each bit of it changes about half of the number's.
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}
// END

/// Chooses allocations to look at: each byte with the chance 1 / `mean`, and a block where one of its bytes is.
///
/// So a block of `size` bytes is chosen with p = 1 - e^(-size / mean), whatever was chosen before.
#[derive(Debug, Clone)]
pub struct Sampler {
    // SOLUTION
    /// Up to the next chosen byte, and with it: at least 1.
    left: u64,
    mean: f64,
    /// Of SplitMix64.
    state: u64,
    // STUB: // Your fields, each with its invariant.
    // END
}

impl Sampler {
    /// All randomness comes from `seed`: the same one chooses the same, and any two others, be they 0 and 1, choose
    /// independently. A mean of 0 chooses every block that has a byte. Never allocates.
    pub fn new(mean: u64, seed: u64) -> Self {
        // SOLUTION
        // Mixed, or of two seeds that are a step apart one would draw the other's numbers, a call later.
        let mut sampler = Self { left: 1, mean: mean as f64, state: mix(seed) };
        sampler.left = sampler.distance();
        sampler
        // STUB: todo!("lab1.patterns.sampler_new: a byte in {mean}, seed {seed:#x}")
        // END
    }

    /// Whether an allocation of `size` bytes is chosen; then how many such allocations it stands for, 1 / p. Never
    /// allocates. Where the next chosen byte is far off, as in most calls, one subtraction and one branch are enough.
    #[inline]
    pub fn sample(&mut self, size: u64) -> Option<f64> {
        // SOLUTION
        if size < self.left {
            self.left -= size;
            return None;
        }
        Some(self.choose(size))
        // STUB: todo!("lab1.patterns.sample: is one of these {size} bytes chosen?")
        // END
    }
    // SOLUTION

    /// The weight of a chosen block. What is left of it after the chosen byte does not matter: an exponential
    /// distribution has no memory, so the next block may as well begin a new distance.
    #[cold]
    fn choose(&mut self, size: u64) -> f64 {
        self.left = self.distance();
        // Not 1 - e^-x, of which nothing is left where x is small.
        -1.0 / (-(size as f64) / self.mean).exp_m1()
    }

    /// How far it is to the next chosen byte, drawn from the exponential distribution.
    fn distance(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        let word = mix(self.state);
        // In (0, 1], as no logarithm is of 0.
        let uniform = ((word >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        // Rounded up, a number of whole bytes reaches it exactly where it reached it before.
        (-self.mean * uniform.ln()).ceil().max(1.0) as u64
    }
    // END
}
