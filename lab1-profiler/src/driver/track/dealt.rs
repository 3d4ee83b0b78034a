//! A heap that costs next to nothing: it gives what it was dealt just before.

use super::told::pointer;
use crate::protocol::track::Call;
use lab1_profiler::track::{Record, Totals, Tracker};
use lab1_profiler::{Heap, Site};
use std::cell::Cell;
use std::ptr::{NonNull, null_mut};
use std::sync::Weak;

/// Hands out addresses that each thread sets for itself. To a tracker that asks how large it is, or whether it needs to be
/// dropped, it is like the heap before which answers are judged.
pub struct Dealt {
    _own: Weak<()>,
}

/// The alignment of every block.
const ALIGN: usize = 16;

thread_local! {
    static NEXT: Cell<*mut u8> = const { Cell::new(null_mut()) };
}

impl Dealt {
    /// A heap for a tracker.
    pub const fn new() -> Self {
        Self { _own: Weak::new() }
    }

    /// What this thread was dealt.
    #[inline]
    pub fn dealt() -> Option<NonNull<u8>> {
        NonNull::new(NEXT.get())
    }

    /// What this thread is given next.
    #[inline]
    pub fn deal(address: u64) {
        NEXT.set(std::ptr::without_provenance_mut(address as usize));
    }
}

// SAFETY: the blocks are nowhere, so nobody has their memory.
unsafe impl Heap for Dealt {
    #[inline]
    fn malloc(&self, _: usize, _: usize) -> Option<NonNull<u8>> {
        Self::dealt()
    }

    #[inline]
    unsafe fn free(&self, _: NonNull<u8>) {}

    #[inline]
    unsafe fn realloc(&self, _: NonNull<u8>, _: usize, _: usize) -> Option<NonNull<u8>> {
        Self::dealt()
    }
}

/// A tracker before a [`Dealt`] heap, where any address is a block.
pub trait Tracks: Sync {
    fn malloc(&self, size: usize, site: Site) -> Option<NonNull<u8>>;
    fn free(&self, block: NonNull<u8>);
    fn realloc(&self, block: NonNull<u8>, size: usize, site: Site) -> Option<NonNull<u8>>;
    fn totals(&self) -> Totals;
    fn live(&self, visit: &mut dyn FnMut(Record));
}

impl Tracks for Tracker<Dealt> {
    #[inline]
    fn malloc(&self, size: usize, site: Site) -> Option<NonNull<u8>> {
        Self::malloc(self, size, ALIGN, site)
    }

    #[inline]
    fn free(&self, block: NonNull<u8>) {
        // SAFETY: the heap takes any address.
        unsafe { Self::free(self, block) }
    }

    #[inline]
    fn realloc(&self, block: NonNull<u8>, size: usize, site: Site) -> Option<NonNull<u8>> {
        // SAFETY: as above.
        unsafe { Self::realloc(self, Some(block), size, ALIGN, site) }
    }

    fn totals(&self) -> Totals {
        Self::totals(self)
    }

    fn live(&self, visit: &mut dyn FnMut(Record)) {
        Self::live(self, visit);
    }
}

/// Makes a call that succeeds.
#[inline]
pub fn make(tracker: &impl Tracks, call: &Call) {
    match *call {
        Call::Malloc { size, site, answer, .. } => {
            Dealt::deal(answer.unwrap_or(0));
            tracker.malloc(size as usize, site);
        }
        Call::Free { block } => {
            if let Some(block) = pointer(block) {
                tracker.free(block);
            }
        }
        Call::Realloc { block, size, site, answer, .. } => {
            Dealt::deal(answer.unwrap_or(0));
            if let Some(block) = block.and_then(pointer) {
                tracker.realloc(block, size as usize, site);
            }
        }
    }
}
