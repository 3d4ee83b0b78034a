//! Random programs that shrink well: choices that name "the third live block, or so" make sense whatever
//! shrinking takes out before them.

use super::{Call, Command, HEAP, call, free, look, malloc, realloc, switch};
use testkit::proptest::prelude::*;

/// One choice; see [`lower`].
#[derive(Debug, Clone)]
pub enum Choice {
    Malloc {
        size: u64,
        align: u32,
        how: How,
    },
    Free {
        which: usize,
        how: How,
    },
    Realloc {
        which: usize,
        size: u64,
        to: To,
        how: How,
    },
    /// An address that the tracker never saw, or no longer knows.
    Stranger {
        realloc: Option<u64>,
        how: How,
    },
    /// A live block's address is handed out again.
    Again {
        which: usize,
        size: u64,
    },
    Look,
    Switch,
}

/// What becomes of a `realloc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    Stays,
    Moves,
    Nothing,
    Fails,
}

/// How a call is made.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// By another thread.
    elsewhere: bool,
    /// The heap fails a `malloc`.
    fails: bool,
    /// Another thread allocates so much while the heap is called: at the address that has just become free, if
    /// one has; and frees it again, or not.
    meanwhile: Option<(u64, bool)>,
}

/// Lists of up to `longest` choices, with only one thread or with several.
pub fn choices(longest: usize, threads: bool) -> impl Strategy<Value = Vec<Choice>> {
    let which = any::<usize>;
    let size = || {
        prop_oneof![
            1 => Just(0_u64), 6 => 1..500_u64, 3 => 1..1_u64 << 20, 1 => 1..1_u64 << 34,
        ]
    };
    let how = move || {
        let one = 0.0..1.0;
        (one.clone(), one.clone(), one, size(), any::<bool>()).prop_map(move |(a, b, c, size, kept)| How {
            elsewhere: threads && a < 0.2,
            fails: b < 0.1,
            meanwhile: (threads && c < 0.2).then_some((size, kept)),
        })
    };
    let to = || prop_oneof![3 => Just(To::Stays), 4 => Just(To::Moves), 1 => Just(To::Nothing), 2 => Just(To::Fails)];
    let choice = prop_oneof![
        10 => (size(), 0..=12_u32, how()).prop_map(|(size, align, how)| Choice::Malloc { size, align, how }),
        6 => (which(), how()).prop_map(|(which, how)| Choice::Free { which, how }),
        5 => (which(), size(), to(), how())
            .prop_map(|(which, size, to, how)| Choice::Realloc { which, size, to, how }),
        1 => (prop::option::of(size()), how()).prop_map(|(realloc, how)| Choice::Stranger { realloc, how }),
        1 => (which(), size()).prop_map(|(which, size)| Choice::Again { which, size }),
        3 => Just(Choice::Look),
        1 => Just(Choice::Switch),
    ];
    prop::collection::vec(choice, 1..=longest)
}

/// What a tracker's heap has handed out.
#[derive(Default, Clone)]
struct Heap {
    live: Vec<u64>,
    /// What came back, the last to go first.
    free: Vec<u64>,
    /// Addresses that were never handed out.
    next: u64,
}

/// The program of some choices, in which blocks are `stride` bytes apart.
pub fn lower(choices: &[Choice], stride: u64) -> Vec<Command> {
    let (mut commands, mut heap, mut other, mut site) = (Vec::new(), Heap::default(), Heap::default(), 0);
    for choice in choices {
        site += 1;
        match *choice {
            Choice::Malloc { size, align, how } => {
                let meanwhile = heap.meanwhile(how, stride, site);
                let command = match how.fails {
                    true => call(malloc(0, size, site).aligned(1 << align).failing()),
                    false => {
                        let block = heap.hand_out(stride);
                        call(malloc(block, size, site).aligned(1 << align.min(block.trailing_zeros())))
                    }
                };
                commands.push(how.made(command, meanwhile));
            }
            Choice::Free { which, how } => {
                let Some(at) = which.checked_rem(heap.live.len()) else { continue };
                let block = heap.live.swap_remove(at);
                heap.free.push(block);
                commands.push(how.made(call(free(block)), heap.meanwhile(how, stride, site)));
            }
            Choice::Realloc { which, size, to, how } => {
                let Some(at) = which.checked_rem(heap.live.len()) else { continue };
                let block = heap.live[at];
                let size = if to == To::Nothing { 0 } else { size.max(1) };
                let moved = match to {
                    To::Moves => heap.fresh(stride),
                    _ => block,
                };
                if matches!(to, To::Moves | To::Nothing) {
                    heap.live.swap_remove(at);
                    heap.free.push(block);
                }
                let meanwhile = heap.meanwhile(how, stride, site);
                if to == To::Moves {
                    heap.live.push(moved);
                }
                let made = realloc(block, moved, size, site);
                let made = if to == To::Fails { made.failing() } else { made };
                commands.push(how.made(call(made), meanwhile));
            }
            Choice::Stranger { realloc: size, how } => {
                let block = heap.free.pop().unwrap_or_else(|| heap.fresh(stride));
                let made = match size {
                    Some(size @ 1..) => {
                        let moved = heap.fresh(stride);
                        heap.live.push(moved);
                        realloc(block, moved, size, site)
                    }
                    Some(0) => realloc(block, block, 0, site),
                    None => free(block),
                };
                heap.free.push(block);
                commands.push(how.made(call(made), heap.meanwhile(how, stride, site)));
            }
            Choice::Again { which, size } => {
                let again = which.checked_rem(heap.live.len()).map(|at| heap.live[at]);
                commands.extend(again.map(|block| call(malloc(block, size, site))));
            }
            Choice::Look => commands.push(look()),
            Choice::Switch => {
                std::mem::swap(&mut heap, &mut other);
                commands.push(switch());
            }
        }
    }
    commands.extend([look(), switch(), look()]);
    commands
}

impl How {
    fn made(self, command: Command, meanwhile: Vec<Call>) -> Command {
        let command = command.meanwhile(meanwhile);
        if self.elsewhere { command.elsewhere() } else { command }
    }
}

impl Heap {
    /// An address that was never handed out.
    fn fresh(&mut self, stride: u64) -> u64 {
        self.next += 1;
        HEAP + (self.next - 1) * stride
    }

    /// An address, the last that came back first, which is live now.
    fn hand_out(&mut self, stride: u64) -> u64 {
        let block = self.free.pop().unwrap_or_else(|| self.fresh(stride));
        self.live.push(block);
        block
    }

    /// What another thread does meanwhile.
    fn meanwhile(&mut self, how: How, stride: u64, site: u32) -> Vec<Call> {
        let Some((size, kept)) = how.meanwhile else { return Vec::new() };
        let block = self.hand_out(stride);
        let made = malloc(block, size, site + (1 << 16));
        if kept {
            return vec![made];
        }
        self.live.pop();
        self.free.push(block);
        vec![made, free(block)]
    }
}
