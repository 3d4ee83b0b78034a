//! Debugging on demand: what is live, since when, and where. Off, it costs one relaxed load a call.
//!
//! ```text
//!   off ──start()──► counting every call, recording every block ──stop()──► off
//!   leaks    what was allocated while on, and is live at a mark
//!   map      ■ used   ▥ partly   ▢ free          one character for so many bytes
//! ```
//!
//! Sources: jemalloc(3), `mallctl` and `malloc_stats_print`; tcmalloc's `docs/stats.md`; your own labs, which
//! you may copy in.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;
use heap_api::{AllocError, Extent, FreeError, Owns, SharedAllocator};
use std::fmt;

/// Sums of what happened while watching.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Blocks handed out.
    pub allocations: u64,
    /// Blocks taken back.
    pub frees: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Bytes live now, of blocks allocated while watching, as asked for.
    pub live_bytes: u64,
    /// The most that were live at once.
    pub peak_bytes: u64,
}

/// A block that is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Live {
    /// Its address.
    pub address: usize,
    /// What it was allocated for.
    pub layout: Layout,
    /// Its number, counted from 0 since the start of watching.
    pub serial: u64,
}

/// A layer that watches, over any allocator. Its own tables never allocate through itself.
#[derive(Debug)]
pub struct Watched<A> {
    /// Owns the layer below.
    below: PhantomData<A>,
}

impl<A: SharedAllocator> Watched<A> {
    /// Watching is off.
    pub fn new(below: A) -> Self {
        todo!("final.debugging.new: off, over {} bytes", size_of_val(&below))
    }

    /// The layer below.
    pub fn below(&self) -> &A {
        todo!("final.debugging.below: the layer that new was given {:?}", self.below)
    }

    /// Starts watching anew, or stops and keeps what is known.
    pub fn watch(&self, on: bool) {
        todo!("final.debugging.watch: {on}")
    }

    /// The sums so far.
    pub fn statistics(&self) -> Statistics {
        todo!("final.debugging.statistics: add the counters up")
    }

    /// Calls `visit` for every live block whose serial is at least `since`, oldest first: what a program
    /// that should have freed everything since then has leaked.
    pub fn leaks(&self, since: u64, visit: &mut dyn FnMut(Live)) {
        todo!("final.debugging.leaks: live ones from {since} on ({:p})", &raw const *visit)
    }

    /// Draws the heap, one character for `bytes` bytes and `columns` to a line, from [`walk`](Self::walk):
    /// `#` all used, `+` partly, `.` free, `m` the allocator's own alone.
    ///
    /// # Errors
    ///
    /// `out`'s.
    pub fn map(&self, bytes: usize, columns: usize, out: &mut dyn fmt::Write) -> fmt::Result {
        todo!("final.debugging.map: {bytes} a character, {columns} a line ({:p})", &raw const *out)
    }
}

// SAFETY: nothing is served yet.
unsafe impl<A: SharedAllocator> SharedAllocator for Watched<A> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        todo!("final.debugging.allocate: {layout:?} from below, then note it")
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("final.debugging.deallocate: forget {block:?} of {layout:?}, then pass it on")
    }

    unsafe fn reallocate(
        &self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        todo!("final.debugging.reallocate: {block:?} from {old:?} to {new_size}, its serial stays")
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        todo!("final.debugging.walk: the layer below knows ({:p})", &raw const *visit)
    }
}

impl<A: SharedAllocator + Owns> Owns for Watched<A> {
    fn owns(&self, ptr: NonNull<u8>) -> bool {
        todo!("final.debugging.owns: {ptr:?} is the layer below's")
    }
}
