//! Random programs that shrink well.
//!
//! A generator that named blocks would make programs that shrinking breaks: take an allocation out, and
//! what names its block makes no sense. So values are *choices*, a free of "the third live block, or so",
//! and [`lower`] turns any list of them into a program.

use super::{Command, allocate, deallocate, reallocate, walk};
use proptest::prelude::*;

/// One choice; see [`lower`].
#[derive(Debug, Clone)]
pub enum Choice {
    /// Allocate.
    Allocate {
        /// Bytes.
        size: u64,
        /// The binary logarithm of the alignment.
        align: u32,
    },
    /// Resize a live block.
    Reallocate {
        /// Which, among the live ones, counted around.
        which: usize,
        /// Bytes.
        size: u64,
    },
    /// Free a live block.
    Deallocate {
        /// Which, among the live ones, counted around.
        which: usize,
    },
}

/// Which requests a program makes.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// The largest common request in bytes.
    pub common: u64,
    /// The largest rare one.
    pub rare: u64,
    /// The binary logarithm of the largest alignment.
    pub align: u32,
}

/// Lists of up to `longest` choices.
pub fn choices(sizes: Sizes, longest: usize) -> impl Strategy<Value = Vec<Choice>> {
    let size = move || prop_oneof![6 => 1..=sizes.common, 1 => powers(sizes.rare), 1 => 1..=sizes.rare];
    let align = prop_oneof![6 => 0..=4_u32, 1 => 0..=sizes.align];
    let choice = prop_oneof![
        5 => (size(), align).prop_map(|(size, align)| Choice::Allocate { size, align }),
        4 => any::<usize>().prop_map(|which| Choice::Deallocate { which }),
        1 => (any::<usize>(), size()).prop_map(|(which, size)| Choice::Reallocate { which, size }),
    ];
    prop::collection::vec(choice, 1..=longest)
}

/// Powers of two and their neighbours: where rounding goes wrong.
fn powers(largest: u64) -> impl Strategy<Value = u64> {
    (0..=largest.ilog2(), 0..3_u64)
        .prop_map(move |(power, beside)| ((1_u64 << power) + beside).saturating_sub(1).clamp(1, largest))
}

/// The program of some choices, with a walk after every `walks`th command and at the end; with `empty`,
/// everything is freed before that last one.
pub fn lower(choices: &[Choice], walks: usize, empty: bool) -> Vec<Command> {
    let (mut commands, mut live, mut next) = (Vec::new(), Vec::new(), 0);
    for choice in choices {
        match *choice {
            Choice::Allocate { size, align } => {
                commands.push(allocate(next, size, 1 << align));
                live.push(next);
                next += 1;
            }
            Choice::Reallocate { which, size } => {
                if let Some(id) = which.checked_rem(live.len()).map(|which| live[which]) {
                    commands.push(reallocate(id, size));
                }
            }
            Choice::Deallocate { which } => {
                if let Some(which) = which.checked_rem(live.len()) {
                    commands.push(deallocate(live.swap_remove(which)));
                }
            }
        }
        if walks > 0 && commands.len() % walks == 0 {
            commands.push(walk());
        }
    }
    if empty {
        commands.extend(live.into_iter().map(deallocate));
    }
    commands.push(walk());
    commands
}
