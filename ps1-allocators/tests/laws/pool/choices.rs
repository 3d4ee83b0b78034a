//! Random programs that shrink well: choices that name "the third live value, or so" make sense whatever
//! shrinking takes out before them.

use super::{Command, Which, change, discard, forge, get, insert, renew, sweep, take};
use testkit::proptest::prelude::*;

/// One choice; see [`lower`].
#[derive(Debug, Clone)]
pub enum Choice {
    Insert,
    Take(usize),
    Discard(usize),
    Get(usize),
    Change(usize),
    /// Looks at, takes or changes what a removed value's key names: nothing.
    Stale(usize, u8),
    /// A key that differs from a live one, or from a stale one.
    Forge(usize, u32, u32, bool),
    Sweep,
    Renew,
}

/// Lists of up to `longest` choices.
pub fn choices(longest: usize) -> impl Strategy<Value = Vec<Choice>> {
    let which = any::<usize>;
    let near = || prop_oneof![4 => 0..4_u32, 1 => Just(u32::MAX), 1 => any::<u32>()];
    let choice = prop_oneof![
        12 => Just(Choice::Insert),
        4 => which().prop_map(Choice::Take),
        4 => which().prop_map(Choice::Discard),
        2 => which().prop_map(Choice::Get),
        2 => which().prop_map(Choice::Change),
        4 => (which(), 0..4_u8).prop_map(|(which, how)| Choice::Stale(which, how)),
        2 => (which(), near(), near(), any::<bool>())
            .prop_map(|(which, index, generation, remove)| Choice::Forge(which, index, generation, remove)),
        1 => Just(Choice::Sweep),
        1 => Just(Choice::Renew),
    ];
    prop::collection::vec(choice, 1..=longest)
}

/// The program of some choices, for a pool of `capacity` slots, which is dropped at the end.
pub fn lower(which: Which, capacity: u32, choices: &[Choice]) -> Vec<Command> {
    let (mut commands, mut live, mut stale, mut next) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let pick = |among: &[u32], which: usize| which.checked_rem(among.len()).map(|at| (at, among[at]));
    for choice in choices {
        match *choice {
            Choice::Insert => {
                commands.push(insert(next));
                if live.len() < capacity as usize {
                    live.push(next);
                }
                next += 1;
            }
            Choice::Take(which) | Choice::Discard(which) => {
                if let Some((at, id)) = pick(&live, which) {
                    let takes = matches!(choice, Choice::Take(_));
                    commands.push(if takes { take(id) } else { discard(id) });
                    stale.push(live.swap_remove(at));
                }
            }
            Choice::Get(which) => commands.extend(pick(&live, which).map(|(_, id)| get(id))),
            Choice::Change(which) => {
                if let Some((_, id)) = pick(&live, which) {
                    commands.push(change(id, next));
                    next += 1;
                }
            }
            // A box that is gone is gone: the compiler sees to that.
            Choice::Stale(..) | Choice::Forge(..) if which == Which::Shared => {}
            Choice::Stale(which, how) => {
                if let Some((_, id)) = pick(&stale, which) {
                    commands.push(match how {
                        0 => take(id),
                        1 => discard(id),
                        2 => get(id),
                        _ => change(id, next),
                    });
                    // A value that would be made, if the key named one.
                    next += u32::from(how > 2);
                }
            }
            Choice::Forge(which, index, generation, remove) => {
                let of = if which % 2 == 0 { &live } else { &stale };
                commands.extend(pick(of, which / 2).map(|(_, id)| forge(id, index, generation, remove)));
            }
            Choice::Sweep => commands.push(sweep()),
            Choice::Renew => {
                commands.push(renew());
                (live, stale) = (Vec::new(), Vec::new());
            }
        }
    }
    commands.extend([sweep(), renew(), sweep()]);
    commands
}
