//! Leak detection: what no pointer leads to any more.
//!
//! ```text
//!   roots ──► A ──► B          A, B  still reachable
//!   roots ──► │··C··│          C     possibly lost: only a pointer into its inside leads there
//!             D ──► E          D     definitely lost, the leader; E indirectly lost, through D
//!             F ◄─► G          a lost cycle has one leader
//! ```
//!
//! Any word may be a pointer. A word that equals a block's base is a start pointer; one that lies past
//! the base and before the end is an interior pointer.
//!
//! Sources: Valgrind's manual, section 4.2.8 "Memory leak detection", and `memcheck/mc_leakcheck.c`;
//! H. Boehm and M. Weiser, "Garbage collection in an uncooperative environment", SP&E 1988; LLVM's
//! LeakSanitizer design document.

use crate::Memory;
use core::ops::Range;

/// How a block is connected to the roots, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Start pointers alone lead to it from a root.
    Reachable,
    /// A chain leads to it from a root, but each such chain has an interior pointer.
    Possible,
    /// It is lost, and a lost block leads to it: freeing that one properly would free this one.
    Indirect,
    /// It is lost and a leader.
    Definite,
}

/// The answer for one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Its kind.
    pub kind: Kind,
    /// Blocks that are indirectly lost through it, each counted for one leader only; 0 unless `Definite`.
    pub followers: usize,
}

/// Classifies every block, in the order of `blocks`.
///
/// `blocks` are the live ones: sorted by base, not empty, without overlap. `roots` are word-aligned
/// ranges of static data, stacks and registers; where a root overlaps blocks or the detector's own
/// tables, the caller has cut that out. Only aligned words wholly inside a block or root are read, each at
/// most a fixed number of times, and nothing is read that is neither.
///
/// Of lost blocks the leaders are the fewest that lead to all others; of blocks in one cycle that nothing
/// else leads to it is the one with the lowest base. An indirect block counts for the first leader, by
/// base, that leads to it. A pointer from a block to itself means nothing. Memory that is not mapped
/// holds no pointers.
///
/// Runs in time linear in the bytes plus a search for each candidate, and without recursion.
pub fn classify(memory: &dyn Memory, blocks: &[Range<usize>], roots: &[Range<usize>]) -> Vec<Verdict> {
    let memory = &raw const *memory;
    todo!("lab2.leaks.classify: {} blocks from {} roots ({memory:p})", blocks.len(), roots.len())
}
