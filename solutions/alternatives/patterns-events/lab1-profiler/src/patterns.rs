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

// This answer numbers the events: a block is temporary if it is freed at the event after its own. Its tables are its
// own, with linear probing; its histogram is as long as the largest size needs; its sampler measures distances in
// fractions of a byte.

use crate::Site;

/// A histogram of sizes. What is known of a size from its bucket is off by less than 1/16 of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// As long as the largest size so far needs.
    counts: Vec<u64>,
    /// The sum of `counts`.
    total: u64,
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
        Self { counts: Vec::new(), total: 0 }
    }

    /// The bucket of `size`, from 0: its own up to 31, then 16 a doubling. Constant time.
    pub fn bucket(size: u64) -> usize {
        if size < 32 {
            return size as usize;
        }
        let doubling = 63 - size.leading_zeros() as usize;
        let part = (size >> (doubling - 4)) & 15;
        32 + 16 * (doubling - 5) + part as usize
    }

    /// The least and the largest size of a bucket, which is one of the [`BUCKETS`](Self::BUCKETS).
    pub fn bounds(bucket: usize) -> (u64, u64) {
        let Some(beyond) = bucket.checked_sub(32) else { return (bucket as u64, bucket as u64) };
        let (doubling, part) = (beyond / 16 + 5, beyond as u64 % 16);
        let least = (1 << doubling) + (part << (doubling - 4));
        (least, least | ((1 << (doubling - 4)) - 1))
    }

    /// Counts one size. Constant time.
    pub fn record(&mut self, size: u64) {
        let bucket = Self::bucket(size);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
        self.total = self.total.saturating_add(1);
    }

    /// Adds another shard's counts.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (bucket, more) in other.counts.iter().enumerate() {
            self.counts[bucket] = self.counts[bucket].saturating_add(*more);
        }
        self.total = self.total.saturating_add(other.total);
    }

    /// How many sizes are in a bucket, which is one of the [`BUCKETS`](Self::BUCKETS).
    pub fn count(&self, bucket: usize) -> u64 {
        self.counts.get(bucket).copied().unwrap_or(0)
    }

    /// How many sizes were recorded.
    pub fn total(&self) -> u64 {
        self.total
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
    /// How many events there were.
    events: u64,
    /// Bytes allocated so far, modulo 2^64.
    clock: u64,
    /// What is live, by address.
    blocks: Table<Block>,
    /// What is known of each site.
    sites: Table<Counts>,
}

/// A live block.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    size: u64,
    site: Site,
    /// The number of the event that allocated it.
    event: u64,
    birth: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    allocations: u64,
    frees: u64,
    temporary: u64,
    lifetime: u64,
}

impl Patterns {
    /// Nothing was seen.
    pub const fn new() -> Self {
        Self { events: 0, clock: 0, blocks: Table::new(), sites: Table::new() }
    }

    /// A block was allocated: the clock advances by `size`, and then its life begins.
    pub fn allocated(&mut self, block: usize, size: u64, site: Site) {
        self.events += 1;
        let before = self.clock;
        self.clock = before.wrapping_add(size);
        self.sites.entry(site as usize).allocations += 1;
        let unseen = self.blocks.insert(block, Block { size, site, event: self.events, birth: self.clock });
        self.end(unseen, before, false);
    }

    /// A block moved, or changed its size in place (`from` is `to`): its life and its site go on. The clock advances
    /// by its growth, and stands still where it shrank. Where no block is known at `from`, none is at `to` then.
    pub fn moved(&mut self, from: usize, to: usize, new_size: u64) {
        self.events += 1;
        let before = self.clock;
        let unseen = match self.blocks.remove(from) {
            None => self.blocks.remove(to),
            Some(block) => {
                self.clock = before.wrapping_add(new_size.saturating_sub(block.size));
                self.blocks.insert(to, Block { size: new_size, ..block })
            }
        };
        self.end(unseen, before, false);
    }

    /// A block was freed. One that is not known changes nothing, but it is an event.
    pub fn freed(&mut self, block: usize) {
        self.events += 1;
        let block = self.blocks.remove(block);
        self.end(block, self.clock, true);
    }

    /// What is known of a site, which need never have allocated.
    pub fn site(&self, site: Site) -> SiteProfile {
        let known = self.sites.get(site as usize).unwrap_or_default();
        let live = known.allocations - known.frees;
        SiteProfile {
            allocations: known.allocations,
            frees: known.frees,
            temporary: known.temporary,
            lifetime: known.lifetime,
            leak_score: (live as f64 + 1.0) / (known.allocations as f64 + 2.0),
        }
    }

    /// A block ends, if there is one, when the clock shows `now`.
    fn end(&mut self, block: Option<Block>, now: u64, freed: bool) {
        let Some(block) = block else { return };
        let lifetime = now.wrapping_sub(block.birth);
        let site = self.sites.entry(block.site as usize);
        site.frees += 1;
        site.temporary += u64::from(freed && block.event + 1 == self.events);
        site.lifetime = site.lifetime.saturating_add(lifetime);
    }
}

/// A map by number: open addressing, linear probing, and entries that move up where one is removed.
#[derive(Debug, Default)]
struct Table<V> {
    /// None, or a power of two, of which at most half are taken.
    slots: Vec<Option<(usize, V)>>,
    len: usize,
}

impl<V: Copy + Default> Table<V> {
    const fn new() -> Self {
        Self { slots: Vec::new(), len: 0 }
    }

    /// The slot that a key's search begins at.
    fn home(&self, key: usize) -> usize {
        // Fibonacci hashing (Knuth, TAOCP 3, section 6.4): the highest bits of the product depend on all of the key.
        let spread = (key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> (64 - self.slots.len().ilog2())) as usize
    }

    /// The slot that has a key, or the first free one after its home.
    fn find(&self, key: usize) -> usize {
        let mut slot = self.home(key);
        while self.slots[slot].is_some_and(|(other, _)| other != key) {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        slot
    }

    fn get(&self, key: usize) -> Option<V> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots[self.find(key)].map(|(_, value)| value)
    }

    /// The value of a key, which is the default if there was none.
    fn entry(&mut self, key: usize) -> &mut V {
        let slot = self.room(key);
        self.len += usize::from(self.slots[slot].is_none());
        &mut self.slots[slot].get_or_insert((key, V::default())).1
    }

    /// Puts a value in, and gives the one that was there.
    fn insert(&mut self, key: usize, value: V) -> Option<V> {
        let slot = self.room(key);
        let old = self.slots[slot].replace((key, value));
        self.len += usize::from(old.is_none());
        old.map(|(_, old)| old)
    }

    /// As [`find`](Self::find), where the key may be a new one.
    fn room(&mut self, key: usize) -> usize {
        if self.slots.len() <= 2 * self.len {
            self.grow();
        }
        self.find(key)
    }

    fn grow(&mut self) {
        let more = vec![None; (2 * self.slots.len()).max(16)];
        for (key, value) in std::mem::replace(&mut self.slots, more).into_iter().flatten() {
            let slot = self.find(key);
            self.slots[slot] = Some((key, value));
        }
    }

    fn remove(&mut self, key: usize) -> Option<V> {
        if self.slots.is_empty() {
            return None;
        }
        let mut gap = self.find(key);
        let (_, value) = self.slots[gap].take()?;
        self.len -= 1;
        let mask = self.slots.len() - 1;
        let mut slot = gap;
        loop {
            slot = (slot + 1) & mask;
            let Some((other, _)) = self.slots[slot] else { return Some(value) };
            // It moves up if the gap is on its way from home.
            let way = slot.wrapping_sub(self.home(other)) & mask;
            if way >= slot.wrapping_sub(gap) & mask {
                self.slots.swap(gap, slot);
                gap = slot;
            }
        }
    }
}

/// Chooses allocations to look at: each byte with the chance 1 / `mean`, and a block where one of its bytes is.
///
/// So a block of `size` bytes is chosen with p = 1 - e^(-size / mean), whatever was chosen before.
#[derive(Debug, Clone)]
pub struct Sampler {
    mean: f64,
    /// How far the next chosen byte is: above 0.
    ahead: f64,
    /// Of xorshift*, never 0.
    state: u64,
}

impl Sampler {
    /// All randomness comes from `seed`: the same one chooses the same, and any two others, be they 0 and 1, choose
    /// independently. A mean of 0 chooses every block that has a byte. Never allocates.
    pub fn new(mean: u64, seed: u64) -> Self {
        // Scrambled, since neighbouring states of xorshift stay alike for a while, and 0 for ever.
        let state = (seed ^ 0x6a09_e667_f3bc_c909).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut sampler = Self { mean: mean as f64, ahead: 0.0, state: (state ^ (state >> 32)).max(1) };
        for _ in 0..8 {
            sampler.uniform();
        }
        sampler.ahead = sampler.distance();
        sampler
    }

    /// Whether an allocation of `size` bytes is chosen; then how many such allocations it stands for, 1 / p. Never
    /// allocates. Where the next chosen byte is far off, as in most calls, one subtraction and one branch are enough.
    #[inline]
    pub fn sample(&mut self, size: u64) -> Option<f64> {
        self.ahead -= size as f64;
        if self.ahead > 0.0 {
            return None;
        }
        self.ahead = self.distance();
        Some(1.0 / -f64::exp_m1(-(size as f64 / self.mean)))
    }

    /// The distance to the next chosen byte, from the exponential distribution.
    fn distance(&mut self) -> f64 {
        self.mean.max(f64::MIN_POSITIVE) * -self.uniform().ln()
    }

    /// A number between 0 and 1. (S. Vigna, "An experimental exploration of Marsaglia's xorshift generators,
    /// scrambled", TOMS 42(4), 2016.)
    fn uniform(&mut self) -> f64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let word = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d);
        ((word >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }
}
