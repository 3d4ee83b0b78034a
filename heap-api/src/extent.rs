//! How an allocator describes its region to an observer.

/// What a range of the region holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExtentKind {
    /// Ready to be handed out.
    Free,
    /// A live block, with the padding that belongs to it.
    Used,
    /// The allocator's own.
    Metadata,
}

/// A range of the region, as [`RawAllocator::walk`](crate::RawAllocator::walk) reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Bytes from the region's base.
    pub offset: usize,
    /// Bytes; never zero.
    pub len: usize,
    /// What it holds.
    pub kind: ExtentKind,
}

impl Extent {
    /// A free range.
    pub const fn free(offset: usize, len: usize) -> Self {
        Self { offset, len, kind: ExtentKind::Free }
    }

    /// A live block.
    pub const fn used(offset: usize, len: usize) -> Self {
        Self { offset, len, kind: ExtentKind::Used }
    }

    /// The allocator's own range.
    pub const fn metadata(offset: usize, len: usize) -> Self {
        Self { offset, len, kind: ExtentKind::Metadata }
    }

    /// The first byte past it, from the region's base.
    pub const fn end(&self) -> usize {
        self.offset + self.len
    }
}
