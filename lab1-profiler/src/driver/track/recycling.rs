//! A heap for threads, which gives an address again as soon as it has it back.

use super::told::{address, pointer};
use crate::protocol::track::Fate;
use heap_api::sync::{Mutex, MutexGuard};
use lab1_profiler::Heap;
use std::ptr::NonNull;

/// Hands out addresses, the one that came back last first. What it does to a `realloc` is up to the alignment
/// that comes with it: see [`align`].
pub struct Recycling {
    /// The lock is what orders a `free` before the `malloc` that gives the address again, as in every heap.
    free: Mutex<Vec<u64>>,
}

/// The alignment that asks for a fate.
pub const fn align(fate: Fate) -> usize {
    match fate {
        Fate::Stays => 16,
        Fate::Moves => 32,
        Fate::Fails => 64,
    }
}

impl Recycling {
    /// A heap of these addresses, which it hands out in order at first.
    pub fn new(addresses: impl DoubleEndedIterator<Item = u64>) -> Self {
        Self { free: Mutex::new(addresses.rev().collect()) }
    }

    fn free(&self) -> MutexGuard<'_, Vec<u64>> {
        self.free.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

// SAFETY: the blocks are nowhere, and no address is given to two at once.
unsafe impl Heap for Recycling {
    fn malloc(&self, _: usize, _: usize) -> Option<NonNull<u8>> {
        self.free().pop().and_then(pointer)
    }

    unsafe fn free(&self, block: NonNull<u8>) {
        self.free().push(address(block));
    }

    unsafe fn realloc(&self, block: NonNull<u8>, _: usize, asked: usize) -> Option<NonNull<u8>> {
        let mut free = self.free();
        if asked == align(Fate::Stays) {
            return Some(block);
        }
        if asked == align(Fate::Fails) {
            return None;
        }
        let moved = free.pop()?;
        free.push(address(block));
        pointer(moved)
    }
}
