//! Compaction: blocks that are reached through handles can move, a few bytes at a time.
//!
//! ```text
//!   before   │ A │ ░ │ B │ ░░░ │ P │ ░ │ C │        P is pinned: it stays where it is
//!   after    │ A │ B │ ░░░░░░░ │ P │ C │ ░░░
//!   handles    each points to its block's present place; the program keeps the handle
//! ```
//!
//! Blocks keep their order and slide towards the base. A call moves at most its budget, and the heap is
//! whole after every call.
//!
//! Sources: R. Jones, A. Hosking and E. Moss, *The Garbage Collection Handbook*, chapter 3 (sliding);
//! the classic Mac OS Memory Manager (*Inside Macintosh: Memory*, chapter 1: handles and locking);
//! the Linux kernel's `mm/compaction.c`.

use heap_api::{AllocError, Region};

/// Names a block, wherever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle(pub u32);

/// The handle names no live block, or the block is pinned where it may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandleError {
    /// No live block.
    Stale,
    /// Pinned: it can't be freed.
    Pinned,
    /// Unpinned more often than pinned.
    NotPinned,
}

/// What one call of [`HandleHeap::compact`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of blocks that were moved; at most the budget.
    pub moved: usize,
    /// Whether nothing is left to move.
    pub done: bool,
}

/// Whether a block may be used in place or moved: the word that readers and the mover meet at.
///
/// Write it with `heap_api::sync`: this is what is model checked.
#[derive(Debug)]
pub struct PinWord {}

impl PinWord {
    /// Neither pinned nor moving.
    #[expect(clippy::new_without_default, reason = "made by the heap alone")]
    pub fn new() -> Self {
        todo!("ps3.compaction.pin_new: neither pinned nor moving")
    }

    /// Pins, once more, unless the block is moving. What the mover did before is then visible.
    pub fn try_pin(&self) -> bool {
        todo!("ps3.compaction.try_pin: count one more pin, unless moving")
    }

    /// Takes one pin off. `false`, with nothing changed, if there is none.
    pub fn unpin(&self) -> bool {
        todo!("ps3.compaction.unpin: count one pin less, if there is one")
    }

    /// Claims the block for moving, unless it is pinned or claimed. What pinners did is then visible.
    pub fn try_begin_move(&self) -> bool {
        todo!("ps3.compaction.try_begin_move: claim, unless pinned or claimed")
    }

    /// Ends the claim.
    pub fn end_move(&self) {
        todo!("ps3.compaction.end_move: publish the move and end the claim")
    }
}

/// A heap whose blocks move. Blocks are aligned to 16 and keep their contents.
#[derive(Debug)]
pub struct HandleHeap {}

impl HandleHeap {
    /// Takes over `region`, all free.
    pub fn new(region: Region) -> Self {
        todo!("ps3.compaction.new: an empty heap over {region:?}")
    }

    /// Hands out a block of `len` bytes. Does not compact by itself.
    ///
    /// # Errors
    ///
    /// [`AllocError`] for length zero, or when no free piece is long enough.
    pub fn allocate(&mut self, len: usize) -> Result<Handle, AllocError> {
        todo!("ps3.compaction.allocate: a free piece for {len} bytes, and a handle")
    }

    /// Frees a block; its handle may be given out again.
    ///
    /// # Errors
    ///
    /// [`HandleError::Stale`], [`HandleError::Pinned`].
    pub fn free(&mut self, handle: Handle) -> Result<(), HandleError> {
        todo!("ps3.compaction.free: end {handle:?}")
    }

    /// Keeps a block where it is until it is unpinned as often.
    ///
    /// # Errors
    ///
    /// [`HandleError::Stale`].
    pub fn pin(&mut self, handle: Handle) -> Result<(), HandleError> {
        todo!("ps3.compaction.pin: {handle:?} stays")
    }

    /// Takes one pin off.
    ///
    /// # Errors
    ///
    /// [`HandleError::Stale`], [`HandleError::NotPinned`].
    pub fn unpin(&mut self, handle: Handle) -> Result<(), HandleError> {
        todo!("ps3.compaction.unpin: {handle:?} may move again when no pin is left")
    }

    /// The block's bytes, where they are now.
    ///
    /// # Errors
    ///
    /// [`HandleError::Stale`].
    pub fn bytes(&mut self, handle: Handle) -> Result<&mut [u8], HandleError> {
        todo!("ps3.compaction.bytes: the present place of {handle:?}")
    }

    /// The block's distance from the region's base.
    ///
    /// # Errors
    ///
    /// [`HandleError::Stale`].
    pub fn offset(&self, handle: Handle) -> Result<usize, HandleError> {
        todo!("ps3.compaction.offset: how far {handle:?} is from the base")
    }

    /// Slides blocks towards the base, moving at most `budget` bytes; goes on where the last call stopped.
    /// A block larger than the budget is left for a call with a larger one.
    pub fn compact(&mut self, budget: usize) -> Progress {
        todo!("ps3.compaction.compact: move at most {budget} bytes")
    }
}
