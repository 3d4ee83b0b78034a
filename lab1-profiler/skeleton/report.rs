//! Reports: the same figures by stack, for people and for flame graphs.
//!
//! ```text
//!   stack    [0x1210, 0x1110, 0x1010]             as it was walked: innermost first
//!   text     4096 bytes in 3 blocks (40.0 %)      largest first
//!              Vec::push
//!              parse
//!              main
//!   folded   main;parse;Vec::push 4096            one line a stack, outermost first, `;` between frames
//! ```
//!
//! A frame's address is where the call *returns to*; the call is one byte before. Two stacks that differ
//! only in what a report leaves out are one stack in that report: text and folded show names and no addresses.
//!
//! Sources: B. Gregg, "The flame graph", CACM 59(6), 2016, and FlameGraph's README (the folded format);
//! DHAT's chapter in the Valgrind manual; the crate `inferno`.

use std::fmt;

/// Names addresses.
pub trait Symbols {
    /// The function that holds `address`, if known. Names may be empty, and hold any character.
    fn name(&self, address: usize) -> Option<&str>;
}

/// A stack's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    /// Blocks.
    pub blocks: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Figures by stack.
#[derive(Debug, Clone, Default)]
pub struct Aggregate {}

impl Aggregate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {}
    }

    /// Adds to a stack. `stack` holds return addresses, innermost first; its first `skip` frames are the
    /// profiler's own and are left out, all of them if there are no more.
    pub fn add(&mut self, stack: &[usize], skip: usize, weight: Weight) {
        todo!("lab1.report.add: {weight:?} to {stack:x?} without the first {skip}")
    }

    /// The sum over all stacks.
    pub fn total(&self) -> Weight {
        todo!("lab1.report.total: over all stacks")
    }

    /// Every distinct stack once, largest in bytes first, equal ones by address. What the given writers use.
    pub fn stacks(&self) -> Vec<(&[usize], Weight)> {
        todo!("lab1.report.stacks: sorted and unique")
    }

    /// The text report, of the `limit` largest stacks.
    ///
    /// ```text
    /// 10240 bytes in 7 blocks from 3 stacks                   the total of all, also of those that are not shown
    /// 4096 bytes in 3 blocks (40.0 %)                         largest in bytes first, equal ones by their names
    ///   Vec::push                                             innermost first
    ///   main
    /// not shown: 6144 bytes in 4 blocks from 2 stacks         if there are more
    /// ```
    ///
    /// In a name control characters become `_`. A function without a name is its return address as `0x…`, a
    /// stack without frames the one frame `[unknown]`.
    ///
    /// # Errors
    ///
    /// `out`'s.
    pub fn text(&self, symbols: &dyn Symbols, limit: usize, out: &mut dyn fmt::Write) -> fmt::Result {
        let places = (&raw const *symbols, &raw const *out);
        todo!("lab1.report.text: the {limit} largest stacks {places:?}")
    }

    /// Folded stacks by bytes: a line for each list of names, in the byte order of what stands before the count.
    ///
    /// In a name `;`, control characters and white space become `_`, so that the only blank of a line is the
    /// one before its count. What has no name is as in [`text`](Self::text).
    ///
    /// # Errors
    ///
    /// `out`'s.
    pub fn folded(&self, symbols: &dyn Symbols, out: &mut dyn fmt::Write) -> fmt::Result {
        let places = (&raw const *symbols, &raw const *out);
        todo!("lab1.report.folded: a line a stack {places:?}")
    }
}
