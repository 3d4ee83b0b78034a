//! Extra credit: a conservative sweep before freed memory is used again.
//!
//! ```text
//!   free(p) ─► quarantine ──sweep──► no word of memory points into it ─► released
//!                  ▲─────────────── some word does: stays ◄──┘
//! ```
//!
//! A freed block is dangerous only while something still points to it. So it waits until a pass over the
//! roots and the live blocks finds no word that could be such a pointer. Any word that looks like an
//! address inside the block counts, also one past its start.
//!
//! Sources: S. Ainsworth and T. Jones, "MarkUs", IEEE S&P 2020; M. Erdos et al., "MineSweeper",
//! ASPLOS 2022.

use crate::Memory;
use core::ops::Range;

/// Freed blocks that wait for a sweep.
#[derive(Debug, Default)]
pub struct Sweeper {}

impl Sweeper {
    /// Nothing waits.
    pub const fn new() -> Self {
        Self {}
    }

    /// Adds a freed block, `block.start` its first address.
    pub fn hold(&mut self, block: Range<usize>) {
        todo!("ps2.sweep.hold: {block:x?} waits for a sweep")
    }

    /// Reads every word of `ranges` once and gives each held block that none of them points into to
    /// `release`, in order of address.
    ///
    /// A word in a block that is itself held does not count: `ranges` may cover such blocks.
    pub fn sweep(
        &mut self,
        memory: &dyn Memory,
        ranges: &[Range<usize>],
        release: &mut dyn FnMut(Range<usize>),
    ) {
        let places = (&raw const *memory, &raw const *release);
        todo!("ps2.sweep.sweep: read {ranges:x?} and release what nothing points to {places:?}")
    }
}
