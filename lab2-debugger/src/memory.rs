//! A process's memory as a debugger sees it.

/// Words that can be read by address. The same code runs on live memory and on a made-up one, and what it
/// reads can be counted.
pub trait Memory {
    /// The word at `addr`, a multiple of the word size; `None` where nothing is mapped.
    fn word(&self, addr: usize) -> Option<usize>;

    /// The words of `range`, if it is mapped and can be read in one piece. Both ends are word-aligned.
    fn words(&self, range: core::ops::Range<usize>) -> Option<&[usize]>;
}
