//! What an allocator may refuse, and why.

use core::fmt;

/// The request can't be served: it is malformed, too large, or the region is exhausted.
///
/// One value for all of them, as in the standard library: a caller can only free something or give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AllocError;

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the allocator can't serve this request")
    }
}

impl core::error::Error for AllocError {}

/// Why a block could not be freed. The allocator is unchanged when one of these is returned.
///
/// Which of them an exercise must tell apart stands in its hand-out; an allocator may always tell more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FreeError {
    /// The address lies in memory that is free already; most often it is the start of a free block.
    DoubleFree,
    /// The address lies in the region, but no block starts there.
    NotABlock,
    /// The address lies inside a live block, past its start.
    InteriorPointer,
    /// The address is not the region's.
    OutsideRegion,
    /// A live block starts there, but not one that the given layout could have been served by.
    LayoutMismatch,
}

impl fmt::Display for FreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DoubleFree => "the block is free already",
            Self::NotABlock => "no block starts at this address",
            Self::InteriorPointer => "the address lies inside a block",
            Self::OutsideRegion => "the address lies outside the region",
            Self::LayoutMismatch => "the block was not allocated with this layout",
        })
    }
}

impl core::error::Error for FreeError {}
