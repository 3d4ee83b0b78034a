//! Stack traces: walk the frame pointers, and keep each distinct stack once.
//!
//! ```text
//!   frame      fp ─► │ caller's fp │ return address │       stacks grow down: each fp is above the last
//!   depot      main ◄── parse ◄── push                      a node is (address, parent), so that
//!                          ▲───── pop                       stacks share what they have in common
//! ```
//!
//! Sources: System V ABI for AMD64, section 3.2.2, and the AArch64 procedure call standard, section 6.4
//! (both keep the pair fp, return address); LLVM's `sanitizer_stackdepot.cpp`; the Linux kernel's
//! `lib/stackdepot.c`.

use crate::Memory;
use core::ops::Range;

/// A stack's number in a [`Depot`]. 0 is the empty stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StackId(pub u32);

/// Walks from the frame at `fp` and writes return addresses to `out`, innermost first; how many there were.
///
/// Stops at a null frame pointer or return address, a frame pointer that is misaligned, outside `stack` or
/// not above the last one, memory that can't be read, and a full `out`. Whatever the stack holds, it ends
/// and reads only inside `stack`. Allocates nothing.
pub fn walk(memory: &dyn Memory, fp: usize, stack: Range<usize>, out: &mut [usize]) -> usize {
    let memory = &raw const *memory;
    todo!("lab2.stacks.walk: from {fp:#x} in {stack:x?}, at most {} frames ({memory:p})", out.len())
}

/// Distinct stacks, of any length, in a fixed number of nodes. Shared by threads, lock-free, never freed.
///
/// Write it with `heap_api::sync` so that it can be model checked.
#[derive(Debug)]
pub struct Depot {}

impl Depot {
    /// Room for `nodes` nodes. All memory is taken here.
    pub fn new(nodes: u32) -> Self {
        todo!("lab2.stacks.new: room for {nodes} nodes")
    }

    /// The number of a stack of return addresses, innermost first. Equal stacks have equal numbers, whoever
    /// interns them when; different stacks have different ones, also where hashes collide.
    ///
    /// `None` when the depot is full. Allocates nothing and waits for nobody.
    pub fn intern(&self, stack: &[usize]) -> Option<StackId> {
        todo!("lab2.stacks.intern: the node of {stack:x?}, outermost frame first")
    }

    /// Writes a stack to `out`, innermost first, as far as there is room; its full length. 0 for a number
    /// that was never given.
    pub fn get(&self, id: StackId, out: &mut [usize]) -> usize {
        todo!("lab2.stacks.get: follow the parents of {id:?}, into {} entries", out.len())
    }
}
