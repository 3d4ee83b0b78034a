//! Memory for the interposer itself, straight from the kernel.

use crate::PerProcess;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicBool, Ordering};

/// Blocks up to this many bytes come from chunks; larger ones are mappings of their own.
const SMALL: usize = 32 << 10;
/// Small blocks are powers of two from 16 bytes.
const LEAST: usize = 16;
const CLASSES: usize = (SMALL.ilog2() - LEAST.ilog2() + 1) as usize;
/// How much is mapped at a time for small blocks.
const CHUNK: usize = 1 << 20;
/// What mappings are rounded to: the largest page size in use.
const PAGE: usize = 64 << 10;

/// A global allocator that never calls `malloc`: the one for a library that *is* `malloc`.
///
/// Collections in an interposer are ordinary Rust, so they allocate; if that came from the heap they stand before,
/// the program's figures would hold the tool's. Simple rather than fast: what allocates on every event should not.
/// A forked child has an arena of its own, since another thread may have held the lock of its parent's.
#[derive(Debug)]
pub struct Arena {
    state: PerProcess<State>,
}

/// Lies at the start of the first chunk. Zeros are a valid value.
#[derive(Debug)]
struct State {
    locked: AtomicBool,
    /// The first free block of each class; each holds the address of the next.
    free: [Cell<*mut u8>; CLASSES],
    /// The rest of the newest chunk.
    start: Cell<*mut u8>,
    left: Cell<usize>,
}

// SAFETY: the cells are touched by the one who holds the lock.
unsafe impl Sync for State {}

impl Arena {
    /// Nothing is mapped yet.
    pub const fn new() -> Self {
        Self { state: PerProcess::new() }
    }

    fn with<R>(&self, work: impl FnOnce(&State) -> R) -> Option<R> {
        let make = || {
            let chunk = map(CHUNK)?;
            let state = chunk.cast::<State>();
            let used = size_of::<State>().next_multiple_of(LEAST);
            // SAFETY: the chunk is zeroed, which is a valid state, and larger than one.
            unsafe {
                state.as_ref().start.set(chunk.add(used).as_ptr());
                state.as_ref().left.set(CHUNK - used);
            }
            Some(state)
        };
        let state = loop {
            // SAFETY: chunks are never unmapped.
            if let Some(state) = unsafe { self.state.get_or_make(make) } {
                break state;
            }
            // Another thread makes it, or there is no memory: then there is none for a second look either.
            map(PAGE).map(|probe| unmap(probe.as_ptr(), PAGE))?;
        };
        while state.locked.swap(true, Ordering::Acquire) {
            std::thread::yield_now();
        }
        let result = work(state);
        state.locked.store(false, Ordering::Release);
        Some(result)
    }
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn take(&self, class: usize) -> Option<NonNull<u8>> {
        if let Some(block) = NonNull::new(self.free[class].get()) {
            // SAFETY: a free block holds the next one's address.
            self.free[class].set(unsafe { block.cast::<*mut u8>().read() });
            return Some(block);
        }
        let size = LEAST << class;
        let mut skip = self.start.get().align_offset(size);
        if self.left.get() < skip.saturating_add(size) {
            self.start.set(map(CHUNK)?.as_ptr());
            self.left.set(CHUNK);
            // Chunks are aligned to pages, and so to every class.
            skip = 0;
        }
        // SAFETY: the chunk has that many bytes left.
        let block = unsafe { self.start.get().add(skip) };
        // SAFETY: as above.
        self.start.set(unsafe { block.add(size) });
        self.left.set(self.left.get() - skip - size);
        NonNull::new(block)
    }

    fn give(&self, block: *mut u8, class: usize) {
        // SAFETY: the block is free and holds at least 16 bytes.
        unsafe { block.cast::<*mut u8>().write(self.free[class].get()) };
        self.free[class].set(block);
    }
}

/// The class of a layout; `None` for what is mapped by itself.
fn class(layout: Layout) -> Option<usize> {
    let size = layout.size().max(layout.align()).max(LEAST);
    (size <= SMALL).then(|| (size.next_power_of_two() / LEAST).ilog2() as usize)
}

// SAFETY: a block is carved from a chunk once and is on no free list while it is handed out; its class gives its
// size and alignment, from the same layout both times. Large blocks are mappings of their own.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = match class(layout) {
            Some(class) => self.with(|state| state.take(class)).flatten(),
            None if layout.align() <= PAGE => layout.size().checked_next_multiple_of(PAGE).and_then(map),
            None => None,
        };
        block.map_or(null_mut(), NonNull::as_ptr)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() && class(layout).is_some() {
            // SAFETY: the block has that many bytes. A mapping is zero already.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(layout) {
            Some(class) => {
                self.with(|state| state.give(block, class));
            }
            None => unmap(block, layout.size().next_multiple_of(PAGE)),
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's contract: a layout of that size is valid.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class(layout), class(wanted)) {
            (Some(old), Some(new)) if old == new => block,
            // A mapping that moves is aligned to the least page there is.
            (None, None) if layout.align() <= 4096 => {
                let (old, new) = (layout.size().next_multiple_of(PAGE), size.next_multiple_of(PAGE));
                // SAFETY: the range is a mapping of ours, all of it.
                let moved = unsafe { libc::mremap(block.cast(), old, new, libc::MREMAP_MAYMOVE) };
                if moved == libc::MAP_FAILED { null_mut() } else { moved.cast() }
            }
            // SAFETY: both blocks are live and apart, and each has that many bytes.
            _ => unsafe {
                let copy = self.alloc(wanted);
                if !copy.is_null() {
                    copy.copy_from_nonoverlapping(block, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                copy
            },
        }
    }
}

/// Zeroed pages, aligned to [`PAGE`].
fn map(len: usize) -> Option<NonNull<u8>> {
    let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let padded = len.checked_add(PAGE)?;
    // SAFETY: an anonymous mapping at an address of the kernel's choice touches nothing that exists.
    let start = unsafe { libc::mmap(null_mut(), padded, access, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    let start = start.cast::<u8>();
    let before = start.align_offset(PAGE);
    // SAFETY: inside the mapping just made, of which the two ends go back.
    let (block, end) = unsafe { (start.add(before), start.add(before + len)) };
    if before > 0 {
        unmap(start, before);
    }
    if PAGE > before {
        unmap(end, PAGE - before);
    }
    NonNull::new(block)
}

fn unmap(block: *mut u8, len: usize) {
    // SAFETY: the range is a mapping of ours that nothing uses any more. A failure is a leak and no more.
    unsafe { libc::munmap(block.cast(), len) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of many sizes stay apart and keep what was written, through resizing.
    #[test]
    fn blocks_are_aligned_apart_and_keep_their_contents() {
        let arena = Arena::new();
        let mut blocks = Vec::new();
        for size in (1..80).map(|n| n * n * 17) {
            for align in [1, 16, 64] {
                let layout = Layout::from_size_align(size, align).expect("a layout");
                // SAFETY: the size is not zero; the block has the size.
                unsafe {
                    let block = arena.alloc_zeroed(layout);
                    assert!(!block.is_null() && block.addr().is_multiple_of(align));
                    assert!((0..size).all(|at| block.add(at).read() == 0), "not zero at {size}");
                    block.write_bytes(blocks.len() as u8, size);
                    blocks.push((block, layout));
                }
            }
        }
        for (mark, (block, layout)) in blocks.into_iter().enumerate() {
            let size = layout.size();
            // SAFETY: the block came from the arena with this layout.
            unsafe {
                assert!((0..size).all(|at| block.add(at).read() == mark as u8), "overwritten at {size}");
                let larger = arena.realloc(block, layout, size * 3);
                assert!((0..size).all(|at| larger.add(at).read() == mark as u8), "lost at {size}");
                arena.dealloc(larger, Layout::from_size_align(size * 3, layout.align()).expect("a layout"));
            }
        }
    }

    #[test]
    fn a_freed_block_is_given_again_and_what_cannot_be_mapped_is_null() {
        let arena = Arena::new();
        let layout = Layout::new::<[u64; 5]>();
        // SAFETY: the layouts are not empty, and each block is given back once.
        unsafe {
            let first = arena.alloc(layout);
            arena.dealloc(first, layout);
            assert_eq!(arena.alloc(layout), first);
            let huge = Layout::from_size_align(isize::MAX as usize - (1 << 20), 8).expect("a layout");
            assert!(arena.alloc(huge).is_null());
        }
    }
}
