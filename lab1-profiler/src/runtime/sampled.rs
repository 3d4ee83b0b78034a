//! Which blocks were chosen by the sampler: asked at every free, and answered with no at nearly all.

use core::sync::atomic::{AtomicU8, Ordering};
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, PoisonError};

/// Counters: few enough to stay in a processor's first cache, many more than blocks that are chosen at a time.
const COUNTERS: usize = 1 << 14;

/// A set of blocks, behind counters of those that share a hash: where one is zero, no such block is in the set.
#[derive(Debug)]
pub(super) struct Sampled {
    counters: Box<[AtomicU8]>,
    blocks: Mutex<HashSet<usize, BuildHasherDefault<DefaultHasher>>>,
}

impl Sampled {
    pub(super) fn new() -> Self {
        Self { counters: (0..COUNTERS).map(|_| AtomicU8::new(0)).collect(), blocks: Mutex::default() }
    }

    /// Adds a block.
    pub(super) fn insert(&self, block: usize) {
        if self.blocks.lock().unwrap_or_else(PoisonError::into_inner).insert(block) {
            // A counter that is full stays so: from then on it only costs time.
            let more = |count: u8| count.checked_add(1);
            let _ = self.counter(block).fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    /// Takes a block out; whether it was in. Whoever frees a block has it from the one who allocated it, and so sees
    /// what that one did here.
    #[inline]
    pub(super) fn remove(&self, block: usize) -> bool {
        self.counter(block).load(Ordering::Relaxed) != 0 && self.remove_known(block)
    }

    #[cold]
    fn remove_known(&self, block: usize) -> bool {
        let was_in = self.blocks.lock().unwrap_or_else(PoisonError::into_inner).remove(&block);
        if was_in {
            let less = |count: u8| (count < u8::MAX).then(|| count - 1);
            let _ = self.counter(block).fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
        was_in
    }

    #[inline]
    fn counter(&self, block: usize) -> &AtomicU8 {
        // Blocks are aligned to 16 at least; those of one size lie apart by it.
        let hash = (block >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as usize) >> (usize::BITS - 14);
        &self.counters[hash]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_in_until_it_is_taken_out_whatever_shares_its_counter() {
        let sampled = Sampled::new();
        // Far more than there are counters, so that some are full.
        let blocks: Vec<usize> = (1..3_000_000).step_by(16).map(|block| block * 16).collect();
        blocks.iter().for_each(|block| sampled.insert(*block));
        sampled.insert(blocks[0]);
        for block in &blocks {
            assert!(
                !sampled.remove(block + 16) && sampled.remove(*block) && !sampled.remove(*block),
                "{block}"
            );
        }
    }
}
