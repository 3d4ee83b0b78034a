//! Reports: the same figures by stack, for people and for flame graphs.
//!
//! ```text
//!   stack    main ─► parse ─► Vec::push           outermost first in folded lines
//!   folded   main;parse;Vec::push 4096            one line a stack, `;` between frames
//!   text     4096 bytes in 3 blocks (40.0 %)      largest first
//!              Vec::push
//!              parse
//! ```
//!
//! A frame's address is where the call *returns to*; the call is one byte before. Two stacks that differ
//! only in what a report leaves out are one stack in that report.
//!
//! Sources: B. Gregg, "The flame graph", CACM 59(6), 2016, and FlameGraph's README (the folded format);
//! Valgrind's `docs/` on DHAT; the crate `inferno`.

use std::fmt;

/// Names addresses.
pub trait Symbols {
    /// The function that holds `address`, if known. Names may hold any character.
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
    pub const fn new() -> Self {
        Self {}
    }

    /// Adds to a stack. `stack` holds return addresses, innermost first; its first `skip` frames are the
    /// profiler's own and are left out.
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

    /// The text report, of the `limit` largest stacks. The first line gives the totals of *all* stacks, the
    /// last one how much is not shown, if anything is.
    ///
    /// # Errors
    ///
    /// `out`'s.
    pub fn text(&self, symbols: &dyn Symbols, limit: usize, out: &mut dyn fmt::Write) -> fmt::Result {
        let places = (&raw const *symbols, &raw const *out);
        todo!("lab1.report.text: the {limit} largest stacks {places:?}")
    }

    /// Folded stacks by bytes, sorted, each name list once. In a name `;`, line ends and control characters
    /// become `_`, and an unknown function is its address as `0x…`.
    ///
    /// # Errors
    ///
    /// `out`'s.
    pub fn folded(&self, symbols: &dyn Symbols, out: &mut dyn fmt::Write) -> fmt::Result {
        let places = (&raw const *symbols, &raw const *out);
        todo!("lab1.report.folded: a line a stack {places:?}")
    }
}
