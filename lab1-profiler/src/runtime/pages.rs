//! The footprint: which pages ever held part of a live block.

use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// Of the footprint's definition; the machine's own may be larger.
pub(super) const PAGE: usize = 4096;
/// Pages of one leaf: 1 GiB of addresses in 32 KiB of bits.
const LEAF: usize = 1 << 18;
/// Leaves: 128 TiB, all that a process has. The table is a megabyte of which few pages are ever touched.
const LEAVES: usize = 1 << 17;

type Leaf = [AtomicU64; LEAF / 64];

/// A set of pages that only grows.
#[derive(Debug)]
pub(super) struct Pages {
    leaves: Box<[AtomicPtr<Leaf>]>,
    count: AtomicU64,
}

impl Pages {
    pub(super) fn new() -> Self {
        // SAFETY: zeros are null pointers.
        let leaves = unsafe { Box::<[AtomicPtr<Leaf>]>::new_zeroed_slice(LEAVES).assume_init() };
        Self { leaves, count: AtomicU64::new(0) }
    }

    /// How many bytes the pages of the set hold.
    pub(super) fn bytes(&self) -> u64 {
        self.count.load(Ordering::Relaxed) * PAGE as u64
    }

    /// Adds the pages of a block.
    #[inline]
    pub(super) fn add(&self, block: usize, size: usize) {
        let (first, last) = (block / PAGE, (block + size.max(1) - 1) / PAGE);
        let mut page = first;
        while page <= last {
            // A word of pages at a time.
            let end = last.min(page | 63);
            let bits = (u64::MAX >> (63 - (end - page))) << (page % 64);
            let Some(word) = self.word(page) else { return };
            if word.load(Ordering::Relaxed) & bits != bits {
                let new = bits & !word.fetch_or(bits, Ordering::Relaxed);
                self.count.fetch_add(u64::from(new.count_ones()), Ordering::Relaxed);
            }
            page = end + 1;
        }
    }

    #[inline]
    fn word(&self, page: usize) -> Option<&AtomicU64> {
        let place = self.leaves.get(page / LEAF)?;
        let leaf = place.load(Ordering::Acquire);
        // SAFETY: a leaf that was published stays.
        let leaf = unsafe { leaf.as_ref() }.unwrap_or_else(|| Self::grow(place));
        Some(&leaf[page % LEAF / 64])
    }

    #[cold]
    fn grow(place: &AtomicPtr<Leaf>) -> &Leaf {
        // SAFETY: zeros are numbers.
        let new = Box::into_raw(unsafe { Box::<Leaf>::new_zeroed().assume_init() });
        match place.compare_exchange(core::ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: published leaves stay.
            Ok(_) => unsafe { &*new },
            // SAFETY: nobody else knows the new one; the other is published.
            Err(other) => unsafe {
                drop(Box::from_raw(new));
                &*other
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_counts_once_however_blocks_lie() {
        let pages = Pages::new();
        let (mut pick, mut model) = (1_u64, std::collections::BTreeSet::new());
        for _ in 0..2000 {
            pick = pick.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (block, size) = ((pick >> 40) as usize + (1 << 30) - (8 << 20), (pick % 700_000) as usize);
            pages.add(block, size);
            model.extend(block / PAGE..=(block + size.max(1) - 1) / PAGE);
            assert_eq!(pages.bytes(), (model.len() * PAGE) as u64, "after {size} bytes at {block:#x}");
        }
    }

    #[test]
    fn an_address_beyond_all_is_left_out() {
        let pages = Pages::new();
        pages.add(usize::MAX - 100, 10);
        assert_eq!(pages.bytes(), 0);
    }
}
