//! Memory as a sweep sees it.

/// Words that can be read by address.
///
/// A sweep reads through this rather than through pointers, so that the same code runs on a mapped region
/// and on a made-up one, and so that what it reads can be counted.
pub trait Memory {
    /// The word at `addr`, a multiple of the word size; `None` where nothing is mapped.
    fn word(&self, addr: usize) -> Option<usize>;
}
