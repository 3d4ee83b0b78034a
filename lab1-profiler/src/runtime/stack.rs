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

use core::ops::Range;
use core::sync::atomic::{AtomicUsize, Ordering};

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

/// A stack of return addresses, innermost first.
#[derive(Debug)]
pub(super) struct Frames {
    addresses: [usize; DEPTH],
    len: usize,
}

impl Frames {
    pub(super) fn as_slice(&self) -> &[usize] {
        &self.addresses[..self.len]
    }
}

/// No code lies on the first pages.
const LEAST_CODE: usize = 64 << 10;

/// Follows the frame pointers from `start`, within `stack`.
///
/// # Safety
///
/// `stack` is mapped and readable.
#[inline]
pub(super) unsafe fn walk(start: Start, stack: &Range<usize>, astray: &Astray) -> Frames {
    let mut frames = Frames { addresses: [0; DEPTH], len: 1 };
    frames.addresses[0] = start.returns_to;
    let (mut at, mut address) = (start.frame, start.returns_to);
    let word = size_of::<usize>();
    let mut least = stack.start;
    while frames.len < DEPTH
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
        frames.addresses[frames.len] = address;
        frames.len += 1;
        least = at + 2 * word;
        at = next;
    }
    frames
}

/// Return addresses into code that keeps no frame pointers, as far as that was seen. Forgets some for others.
#[derive(Debug)]
pub(super) struct Astray {
    places: [AtomicUsize; Self::PLACES],
}

impl Astray {
    const PLACES: usize = 4096;

    pub(super) const fn new() -> Self {
        Self { places: [const { AtomicUsize::new(0) }; Self::PLACES] }
    }

    /// From now on, no walk goes on behind this return address.
    pub(super) fn note(&self, address: usize) {
        self.place(address).store(address, Ordering::Relaxed);
    }

    #[inline]
    fn is_after(&self, address: usize) -> bool {
        self.place(address).load(Ordering::Relaxed) == address
    }

    #[inline]
    fn place(&self, address: usize) -> &AtomicUsize {
        &self.places[(address ^ (address >> 12)) % Self::PLACES]
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
        // SAFETY: the words are readable.
        unsafe { walk(start, &stack, astray) }.as_slice().to_vec()
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
