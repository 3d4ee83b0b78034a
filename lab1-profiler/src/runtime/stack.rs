//! Call stacks, by the frame pointers that compilers may keep.
//!
//! ```text
//!   frame pointer ─► │ caller's frame pointer ─┼─► │ …
//!                    │ where the call returns  │
//! ```
//!
//! Code that keeps no frame pointers uses the register for anything; its chain ends at once or leads astray. So
//! nothing is read outside the thread's own stack, the chain must climb, and what it gives must be code. Where that
//! fails, the place behind which it did is remembered and not followed again: the same code always gives the same
//! stack. The first address, where `malloc` returns to, is always right.

use core::mem::MaybeUninit;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How deep stacks are followed, in frames.
pub const DEPTH: usize = 64;

/// Where a walk begins: the caller's frame-pointer register, and where the call returns to.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// The frame pointer.
    pub frame: usize,
    /// The return address.
    pub returns_to: usize,
}

/// Where a walk puts the return addresses, innermost first. As memory comes: to clear it would cost more than most
/// walks.
pub(super) type Room = [MaybeUninit<usize>; DEPTH];

/// An empty one.
#[inline]
pub(super) const fn room() -> Room {
    [const { MaybeUninit::uninit() }; DEPTH]
}

/// No code lies on the first pages.
const LEAST_CODE: usize = 64 << 10;

/// Follows the frame pointers from `start`, within `stack`. Shows each return address to `visit`, and gives the part of
/// `room` that they filled.
///
/// # Safety
///
/// `stack` is mapped and readable.
#[inline]
pub(super) unsafe fn walk<'r>(
    start: Start,
    stack: &Range<usize>,
    astray: &Astray,
    room: &'r mut Room,
    mut visit: impl FnMut(usize),
) -> &'r [usize] {
    let (mut at, mut address) = (start.frame, start.returns_to);
    room[0].write(address);
    visit(address);
    let mut len = 1;
    let word = size_of::<usize>();
    let mut least = stack.start;
    while len < DEPTH
        && at >= least
        && at.is_multiple_of(word)
        && at <= stack.end.saturating_sub(2 * word)
        && !astray.is_after(address)
    {
        let frame = core::ptr::with_exposed_provenance::<usize>(at);
        // SAFETY: both words lie in the stack, and are aligned. Frames above ours do not change while we run.
        let next = unsafe { frame.read() };
        // SAFETY: as above.
        address = unsafe { frame.add(1).read() };
        if address < LEAST_CODE || stack.contains(&address) {
            break;
        }
        room[len].write(address);
        visit(address);
        len += 1;
        least = at + 2 * word;
        at = next;
    }
    // SAFETY: the first `len` are written.
    unsafe { room[..len].assume_init_ref() }
}

/// Return addresses into code that keeps no frame pointers, as far as that was seen. Forgets some for others.
#[derive(Debug)]
pub(super) struct Astray {
    places: [AtomicUsize; Self::PLACES],
    /// A bit for each place that was ever taken. Asked for each frame, so they are few lines of a cache.
    taken: [AtomicU64; Self::PLACES / 64],
}

impl Astray {
    const PLACES: usize = 4096;

    pub(super) const fn new() -> Self {
        Self {
            places: [const { AtomicUsize::new(0) }; Self::PLACES],
            taken: [const { AtomicU64::new(0) }; Self::PLACES / 64],
        }
    }

    /// From now on, no walk goes on behind this return address.
    pub(super) fn note(&self, address: usize) {
        let place = Self::place(address);
        self.places[place].store(address, Ordering::Relaxed);
        self.taken[place / 64].fetch_or(1 << (place % 64), Ordering::Relaxed);
    }

    #[inline]
    fn is_after(&self, address: usize) -> bool {
        let place = Self::place(address);
        let taken = self.taken[place / 64].load(Ordering::Relaxed) & (1 << (place % 64)) != 0;
        taken && self.places[place].load(Ordering::Relaxed) == address
    }

    #[inline]
    fn place(address: usize) -> usize {
        (address ^ (address >> 12)) % Self::PLACES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up stack: words at their addresses.
    fn walked(words: &[usize], astray: &Astray) -> Vec<usize> {
        let range = words.as_ptr_range();
        let stack = range.start.expose_provenance()..range.end.addr();
        let start = Start { frame: stack.start, returns_to: 0x40_0000 };
        let (mut seen, mut room) = (Vec::new(), room());
        // SAFETY: the words are readable.
        let frames = unsafe { walk(start, &stack, astray, &mut room, |address| seen.push(address)) }.to_vec();
        assert_eq!(frames, seen);
        seen
    }

    #[test]
    fn a_chain_is_followed_to_its_end_and_not_behind_what_leads_astray() {
        // Frames at words 0, 2 and 6.
        let mut words = vec![0, 0x40_1000, 0, 0x40_2000, 1, 2, 0, 0x40_3000];
        let base = words.as_ptr().addr();
        words[0] = base + 2 * size_of::<usize>();
        words[2] = base + 6 * size_of::<usize>();
        let astray = Astray::new();
        assert_eq!(walked(&words, &astray), [0x40_0000, 0x40_1000, 0x40_2000, 0x40_3000]);
        astray.note(0x40_1000);
        assert_eq!(walked(&words, &astray), [0x40_0000, 0x40_1000]);
    }

    #[test]
    fn what_is_no_chain_gives_the_first_address_alone() {
        for frame in [0, 1, 7, usize::MAX, usize::MAX - 15] {
            let words = [frame, 3];
            assert_eq!(walked(&words, &Astray::new()), [0x40_0000], "{frame:#x}");
        }
    }
}
