//! Corruption detection: red zones round every block, poison in every freed one.
//!
//! ```text
//!   live    │ red zone ▒▒▒▒ │ size bytes │▒ red zone ▒▒▒▒ │      starts at exactly `size`, not rounded
//!   freed   │ red zone ▒▒▒▒ │ poison ░░░░ │▒▒▒▒▒▒▒▒▒▒▒▒▒▒ │      in the quarantine, oldest out first
//! ```
//!
//! Bytes are checked when a block is freed and again when it leaves the quarantine. Neither pattern may be
//! a value that programs write all the time.
//!
//! Sources: B. Perens, Electric Fence; Valgrind's manual, section 4.2; K. Serebryany et al.,
//! "AddressSanitizer", USENIX ATC 2012; the Linux kernel's `SLUB_DEBUG` (`Documentation/mm/slub.rst`).

use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;
use heap_api::{AllocError, SharedAllocator};

/// The least red zone on either side, in bytes.
pub const RED_ZONE: usize = 16;

/// A call stack's number; see [`crate::stacks`].
pub type StackId = u32;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A byte of a red zone changed. The offset is from the block's base: negative before it, `size` for
    /// the first byte after it.
    RedZone(isize),
    /// A byte of a freed block changed, at this offset.
    WriteAfterFree(isize),
    /// A block was freed twice.
    DoubleFree,
    /// No block starts at the address that was freed.
    InvalidFree,
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// What. Of several bytes the one with the lowest offset.
    pub fault: Fault,
    /// The block's base, or the address that was freed.
    pub base: usize,
    /// Its size; 0 for an invalid free.
    pub size: usize,
    /// Where it was allocated, if it is known.
    pub allocated: Option<StackId>,
    /// Where it was freed first, if it was.
    pub freed: Option<StackId>,
    /// Where the call that found it came from; for what leaves the quarantine, the call that pushed it out.
    pub found: StackId,
}

/// A debugging allocator over `A`, shared by threads. A block is reported once, and what is broken is not
/// handed out again.
///
/// Write it with `heap_api::sync` so that it can be model checked.
#[derive(Debug)]
pub struct Debugger<A> {
    /// Owns the allocator below.
    below: PhantomData<A>,
}

impl<A: SharedAllocator> Debugger<A> {
    /// A quarantine of at most `quarantine` bytes (of the sizes asked for) over `below`.
    pub fn new(below: A, quarantine: usize) -> Self {
        todo!("lab2.corruption.new: quarantine {quarantine} bytes over {} bytes", size_of_val(&below))
    }

    /// Hands out a block of exactly the size, unknown contents and red zones on both sides.
    ///
    /// # Errors
    ///
    /// [`AllocError`] for size zero, on overflow, and when the allocator below is exhausted, once the
    /// quarantine was emptied.
    pub fn allocate(&self, layout: Layout, stack: StackId) -> Result<NonNull<u8>, AllocError> {
        todo!("lab2.corruption.allocate: {layout:?} between red zones, for stack {stack} {:?}", self.below)
    }

    /// The same with every byte zero.
    ///
    /// # Errors
    ///
    /// As [`allocate`](Self::allocate).
    pub fn allocate_zeroed(&self, layout: Layout, stack: StackId) -> Result<NonNull<u8>, AllocError> {
        todo!("lab2.corruption.allocate_zeroed: {layout:?}, all zero, for stack {stack}")
    }

    /// Checks a block, poisons it and puts it into the quarantine; takes any address, and reports what is
    /// wrong with it. Of any number of frees of one block, all but the first report a double free.
    ///
    /// # Safety
    ///
    /// Nobody uses the block after its first free, unless to be found out.
    pub unsafe fn free(&self, block: NonNull<u8>, stack: StackId) {
        todo!("lab2.corruption.free: check, poison and keep {block:?}, freed by stack {stack}")
    }

    /// Checks every live and every held block now.
    pub fn check_all(&self, stack: StackId) {
        todo!("lab2.corruption.check_all: look at every byte that must not change, for stack {stack}")
    }

    /// The reports since the last call, oldest first.
    pub fn take_reports(&self) -> Vec<Report> {
        todo!("lab2.corruption.take_reports: hand them over")
    }
}
