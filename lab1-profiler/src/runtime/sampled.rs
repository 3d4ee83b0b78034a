//! Which blocks were chosen by the sampler: asked at every free, and answered with no at nearly all.

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, PoisonError};

/// Counters: few enough to stay in a processor's first cache, many more than blocks that are chosen at a time.
const COUNTERS: usize = 1 << 14;

/// A set of blocks, behind counters of those that share a hash: where one is zero, no such block is in the set.
#[derive(Debug)]
pub(super) struct Sampled {
    counters: Box<[AtomicU8; COUNTERS]>,
    /// The bytes that each stands for.
    blocks: Mutex<HashMap<usize, u64, BuildHasherDefault<DefaultHasher>>>,
    /// Their sum.
    bytes: AtomicU64,
}

impl Sampled {
    pub(super) fn new() -> Self {
        // SAFETY: zeros are counters.
        let counters = unsafe { Box::<[AtomicU8; COUNTERS]>::new_zeroed().assume_init() };
        Self { counters, blocks: Mutex::default(), bytes: AtomicU64::new(0) }
    }

    /// Adds a block, which stands for so many bytes.
    pub(super) fn insert(&self, block: usize, bytes: u64) {
        let before = self.blocks.lock().unwrap_or_else(PoisonError::into_inner).insert(block, bytes);
        // Modulo 2^64; the sum is of what was added and is still there.
        self.bytes.fetch_add(bytes.wrapping_sub(before.unwrap_or(0)), Ordering::Relaxed);
        if before.is_none() {
            // A counter that is full stays so: from then on it only costs time.
            let more = |count: u8| count.checked_add(1);
            let _ = self.counter(block).fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    /// The bytes that all blocks stand for.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether a block may be in; no is the truth. Whoever frees a block has it from the one who allocated it, and so
    /// sees what that one did here.
    #[inline]
    pub(super) fn may_have(&self, block: usize) -> bool {
        self.counter(block).load(Ordering::Relaxed) != 0
    }

    /// Takes a block out; whether it was in.
    #[inline]
    pub(super) fn remove(&self, block: usize) -> bool {
        self.may_have(block) && self.remove_known(block)
    }

    #[cold]
    fn remove_known(&self, block: usize) -> bool {
        let bytes = self.blocks.lock().unwrap_or_else(PoisonError::into_inner).remove(&block);
        if let Some(bytes) = bytes {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            let less = |count: u8| (count < u8::MAX).then(|| count - 1);
            let _ = self.counter(block).fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
        bytes.is_some()
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
        blocks.iter().for_each(|block| sampled.insert(*block, 5));
        sampled.insert(blocks[0], 7);
        assert_eq!(sampled.bytes(), 5 * blocks.len() as u64 + 2);
        for block in &blocks {
            assert!(
                !sampled.remove(block + 16) && sampled.remove(*block) && !sampled.remove(*block),
                "{block}"
            );
        }
        assert_eq!(sampled.bytes(), 0);
    }
}
