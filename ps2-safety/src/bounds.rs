//! Bounds checking: a table of base and bounds, asked before every access.
//!
//! ```text
//!   address    … │ block 3      │  gap  │ block 7          │ …
//!                 base       base+len    base           base+len
//!   check(a, n)     ├──────┤                                      inside one block: Ok
//!                        ├──────┤                                 over its end: After, distance 0
//!                              ├──────────┤                       starts in the gap: nearest block's fault
//! ```
//!
//! An access is good if and only if all of its bytes lie in *one* live block. A block's bounds are what
//! the program asked for, not what the allocator rounded it to. The address one past the end may be
//! formed, and never read.
//!
//! Sources: R. Jones and P. Kelly, "Backwards-compatible bounds checking for arrays and pointers in C
//! programs", AADEBUG 1997; S. Nagarakatte et al., "SoftBound", PLDI 2009; G. Duck and R. Yap, "Heap
//! bounds protection with low fat pointers", CC 2016.

use crate::{Access, Side};

/// A registered block. Ids count up from 0 in the order of registration and are never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub u64);

/// An access that is not wholly inside one live block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfBounds {
    /// The block that holds the access's first byte; failing that the one nearest to it, the lower one of
    /// two at the same distance (overflows are commoner than underflows). `None` if there is no block.
    pub block: Option<BlockId>,
    /// On which side of that block the first bad byte lies. `After` if there is no block.
    pub side: Side,
    /// How far: 0 for the first byte past the end, 1 for the last byte before the base. The first bad
    /// byte is the lowest one of the access that is not in `block`. `addr` itself if there is no block.
    pub distance: usize,
    /// What was tried.
    pub access: Access,
}

/// A block that could not be registered or resized. The table is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegisterError {
    /// It would share a byte with this live block.
    Overlaps(BlockId),
    /// Its length is zero, or its end passes the address space's.
    BadRange,
    /// No live block starts at this base.
    NotRegistered,
}

/// The live blocks, in address order.
///
/// Most lookups hit the block that the one before hit, or a neighbour: a `BTreeMap` range query pays for
/// its generality there.
#[derive(Debug, Default)]
pub struct BoundsTable {}

impl BoundsTable {
    /// No block is live.
    pub const fn new() -> Self {
        Self {}
    }

    /// Makes `base..base + len` a live block.
    ///
    /// # Errors
    ///
    /// [`RegisterError::BadRange`], [`RegisterError::Overlaps`].
    pub fn register(&mut self, base: usize, len: usize) -> Result<BlockId, RegisterError> {
        todo!("ps2.bounds.register: add {len} bytes at {base:#x}, unless they overlap a live block")
    }

    /// Ends the block that starts at `base`.
    ///
    /// # Errors
    ///
    /// [`RegisterError::NotRegistered`].
    pub fn unregister(&mut self, base: usize) -> Result<BlockId, RegisterError> {
        todo!("ps2.bounds.unregister: end the block at {base:#x}")
    }

    /// Changes the length of the block that starts at `base`, as a `realloc` in place does. Its id stays.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]; the block then keeps its length.
    pub fn resize(&mut self, base: usize, new_len: usize) -> Result<(), RegisterError> {
        todo!(
            "ps2.bounds.resize: bytes past {new_len} of the block at {base:#x} are out of bounds from now on"
        )
    }

    /// Whether `addr..addr + len` may be accessed.
    ///
    /// An access of length zero asks whether the pointer may be *formed*: it is good from a block's base
    /// to one past its end, both included.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`]; also where `addr + len` passes the end of the address space.
    pub fn check(&self, addr: usize, len: usize, access: Access) -> Result<(), OutOfBounds> {
        todo!("ps2.bounds.check: are the {len} bytes from {addr:#x} in one block? ({access})")
    }

    /// Copies `len` bytes, which may overlap, if both the source and the destination may be accessed.
    ///
    /// The source is checked first. Nothing is copied on an error.
    ///
    /// # Errors
    ///
    /// [`OutOfBounds`] with [`Access::Read`] for the source, [`Access::Write`] for the destination.
    ///
    /// # Safety
    ///
    /// The live blocks of this table are mapped, and no other thread uses the bytes of this copy; `src`
    /// and `dst` carry the provenance of the blocks that their addresses lie in.
    pub unsafe fn copy(&self, src: *const u8, dst: *mut u8, len: usize) -> Result<(), OutOfBounds> {
        todo!("ps2.bounds.copy: check {len} bytes at {src:p} and at {dst:p}, once each, then move them")
    }
}
