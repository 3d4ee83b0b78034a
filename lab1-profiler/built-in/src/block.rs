//! Blocks that are checked wherever they are touched, and counted.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// No heap has so much.
pub const TOO_MUCH: usize = isize::MAX as usize >> 1;

/// How often all threads together did what.
pub struct Done {
    allocations: AtomicU64,
    frees: AtomicU64,
    reallocations: AtomicU64,
    /// Sizes that were allocated, and what blocks grew by.
    bytes: AtomicU64,
    /// Modulo 2^64.
    live_bytes: AtomicU64,
    /// The number of the child that this is; 0 of the program itself.
    pub child: AtomicU64,
}

pub static DONE: Done = Done {
    allocations: AtomicU64::new(0),
    frees: AtomicU64::new(0),
    reallocations: AtomicU64::new(0),
    bytes: AtomicU64::new(0),
    live_bytes: AtomicU64::new(0),
    child: AtomicU64::new(0),
};

impl Done {
    fn allocated(&self, size: usize) {
        self.allocations.fetch_add(1, Relaxed);
        self.bytes.fetch_add(size as u64, Relaxed);
        self.live_bytes.fetch_add(size as u64, Relaxed);
    }

    fn resized(&self, old: usize, new: usize) {
        self.reallocations.fetch_add(1, Relaxed);
        self.bytes.fetch_add(new.saturating_sub(old) as u64, Relaxed);
        self.live_bytes.fetch_add((new as u64).wrapping_sub(old as u64), Relaxed);
    }

    fn freed(&self, size: usize) {
        self.frees.fetch_add(1, Relaxed);
        self.live_bytes.fetch_sub(size as u64, Relaxed);
    }

    /// A child begins at zero.
    pub fn begin_again(&self, child: u64) {
        for count in [&self.allocations, &self.frees, &self.reallocations, &self.bytes, &self.live_bytes] {
            count.store(0, Relaxed);
        }
        self.child.store(child, Relaxed);
    }

    pub fn tell(&self) {
        let take = |count: &AtomicU64| count.load(Relaxed);
        let (allocations, frees) = (take(&self.allocations), take(&self.frees));
        let who = if take(&self.child) == 0 { "program" } else { "child" };
        print(format_args!(
            "{who} {allocations} {frees} {} {} {} {}\n",
            take(&self.reallocations),
            take(&self.bytes),
            allocations - frees,
            take(&self.live_bytes)
        ));
    }
}

/// Prints without allocating, since that would be told too.
pub fn print(words: std::fmt::Arguments<'_>) {
    // SAFETY: standard output is open, and is not closed here.
    let mut out = ManuallyDrop::new(unsafe { File::from_raw_fd(1) });
    out.write_fmt(words).expect("standard output takes a line");
}

pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX generator; its upper bits are good.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    /// Small ones most often, as in programs.
    pub fn size(&mut self) -> usize {
        let bits = self.below(13);
        self.below(2 << bits) + 1
    }

    fn layout(&mut self) -> Layout {
        let align = 1 << if self.below(4) == 0 { self.below(13) } else { self.below(5) };
        Layout::from_size_align(self.size(), align).expect("it is small")
    }
}

/// A block that is filled with one byte.
pub struct Block {
    start: NonNull<u8>,
    layout: Layout,
    mark: u8,
    /// Whether this process's profiler saw how it was allocated.
    pub known: bool,
}

// SAFETY: whoever holds a block owns its memory.
unsafe impl Send for Block {}

impl Block {
    pub fn new(random: &mut Random) -> Self {
        let (layout, zeroed) = (random.layout(), random.below(3) == 0);
        // SAFETY: no size is zero.
        let start = unsafe { if zeroed { alloc_zeroed(layout) } else { alloc(layout) } };
        let start = NonNull::new(black_box(start)).expect("there is memory");
        assert!(start.addr().get().is_multiple_of(layout.align()), "{layout:?} at {start:?}");
        let block = Self { start, layout, mark: random.below(255) as u8 + 1, known: true };
        assert!(!zeroed || block.holds(0, layout.size()), "what should be zero is not");
        DONE.allocated(layout.size());
        block.fill();
        block
    }

    /// Changes the size, unless there is too little memory.
    pub fn resize(&mut self, size: usize) {
        self.check();
        // SAFETY: the block is live and ours, with this layout; the size is not zero.
        let start = unsafe { realloc(self.start.as_ptr(), self.layout, size) };
        let Some(start) = NonNull::new(black_box(start)) else {
            assert!(size == TOO_MUCH, "there is memory");
            return self.check();
        };
        let layout = Layout::from_size_align(size, self.layout.align()).expect("it is small");
        let old = std::mem::replace(&mut self.layout, layout);
        self.start = start;
        assert!(start.addr().get().is_multiple_of(old.align()), "{:?} at {start:?}", self.layout);
        assert!(self.holds(self.mark, size.min(old.size())), "moved without its contents");
        if std::mem::replace(&mut self.known, true) {
            DONE.resized(old.size(), size);
        } else {
            DONE.allocated(size);
        }
        self.fill();
    }

    /// Asks for a block that there can't be.
    pub fn ask_too_much() {
        let layout = Layout::from_size_align(TOO_MUCH, 8).expect("it can be asked for");
        // SAFETY: the size is not zero.
        let starts = unsafe { [alloc(layout), alloc_zeroed(layout)] };
        assert!(black_box(starts).iter().all(|start| start.is_null()), "there is no such memory");
    }

    fn fill(&self) {
        // SAFETY: the block has that many bytes, which only we know.
        unsafe { self.start.write_bytes(self.mark, self.layout.size()) };
    }

    fn holds(&self, byte: u8, len: usize) -> bool {
        // SAFETY: the block has that many bytes, which were all written.
        (0..len).all(|at| unsafe { self.start.add(at).read() } == byte)
    }

    fn check(&self) {
        assert!(self.holds(self.mark, self.layout.size()), "a block was overwritten");
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.check();
        if self.known {
            DONE.freed(self.layout.size());
        }
        // SAFETY: the block is live and ours, with this layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) };
    }
}
