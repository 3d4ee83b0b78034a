//! Words that the reports of several exercises share.

use core::fmt;

/// What a program is about to do with memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Load from it.
    Read,
    /// Store to it.
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

/// Where a bad byte lies, seen from a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Below the block's first byte: an underflow.
    Before,
    /// At or above the block's end: an overflow.
    After,
}
