//! Memory for the first calls, while the next heap is being looked up.
//!
//! Old C libraries allocate inside `dlsym`, which is how we find out whom to ask for memory. Such blocks come from
//! a small static area; they are recognised by their address when they are freed, which does nothing, and when they
//! are resized, which copies them out.

use core::cell::UnsafeCell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

/// glibc takes a few hundred bytes a thread here; other threads can't run yet.
const LEN: usize = 32 << 10;
/// Before each block: its size. As large as the alignment, to keep it.
const HEADER: usize = super::MALLOC_ALIGN;

#[repr(align(16))]
struct Area(UnsafeCell<[u8; LEN]>);

// SAFETY: each byte belongs to the one who moved `USED` past it.
unsafe impl Sync for Area {}

static AREA: Area = Area(UnsafeCell::new([0; LEN]));
static USED: AtomicUsize = AtomicUsize::new(0);

/// A zeroed block, or null once the area is used up.
pub fn allocate(size: usize) -> *mut u8 {
    let Some(padded) = size.checked_next_multiple_of(HEADER).and_then(|size| size.checked_add(HEADER)) else {
        return null_mut();
    };
    let fits = |used: usize| used.checked_add(padded).filter(|used| *used <= LEN);
    match USED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
        // SAFETY: the bytes from `start` are in the area and nobody else's; the header is aligned.
        Ok(start) => unsafe {
            let header = AREA.0.get().cast::<u8>().add(start);
            header.cast::<usize>().write(size);
            header.add(HEADER)
        },
        Err(_) => null_mut(),
    }
}

/// Whether a block is one of these.
#[inline]
pub fn owns(block: *const u8) -> bool {
    block.addr().wrapping_sub(AREA.0.get().addr()) < LEN
}

/// The size that a block was asked for.
///
/// # Safety
///
/// `block` is one of these.
pub unsafe fn size(block: *const u8) -> usize {
    // SAFETY: `allocate` wrote it there.
    unsafe { block.sub(HEADER).cast::<usize>().read() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_apart_aligned_zeroed_and_know_their_size_until_there_are_none() {
        let (a, b) = (allocate(1), allocate(40));
        assert!(owns(a) && owns(b) && b.addr() - a.addr() >= 16 && a.addr() % 16 == 0 && b.addr() % 16 == 0);
        // SAFETY: both are blocks of the area.
        unsafe {
            assert_eq!((size(a), size(b), b.read()), (1, 40, 0));
        }
        assert!(allocate(LEN).is_null() && allocate(usize::MAX).is_null());
        assert!(!owns((&raw const USED).cast()));
    }
}
