//! Random scripts: a small first-fit allocator of the judge's, and now and then something else.

use crate::protocol::comparison::{Act, Op, Script};
use std::collections::BTreeMap;
use testkit::proptest::prelude::*;

/// Bytes of the subject's memory.
const MEMORY: u64 = 1 << 15;

/// What one operation is made from.
pub type Choice = (u8, u16, u16, u16);

/// From one to `most` choices.
pub fn choices(most: usize) -> impl Strategy<Value = Vec<Choice>> {
    prop::collection::vec((any::<u8>(), any::<u16>(), any::<u16>(), any::<u16>()), 1..most)
}

/// Makes a script. About one act in `rarely` is not as it should be.
pub fn lower(choices: &[Choice], rarely: u16) -> Script {
    let mut live: BTreeMap<u32, (u64, u64, u64)> = BTreeMap::new();
    let (mut ops, mut acts) = (Vec::new(), Vec::new());
    for (kind, pick, amount, luck) in choices {
        let id = u32::from(pick % 12);
        let size = 1 + u64::from(amount % 300);
        let align = 1 << (amount % 8);
        let odd = luck % rarely.max(1) == 0;
        let odder = luck / rarely.max(1);
        let old = live.get(&id).copied();
        let mut act = Act { block: Some((0, 0)), honest: true, pokes: Vec::new() };
        let place = |size: u64, align: u64| (room(&live, size, align), size + u64::from(luck % 3));
        let op = match (kind % 4, old) {
            (0, Some(_)) => Op::Free(id),
            (1 | 2, Some((_, _, align))) => {
                act.block = Some(place(size, align));
                Op::Reallocate(id, size)
            }
            // A number that is not live, as after a refusal: the operation is skipped.
            (0, None) if odd => {
                ops.push(Op::Reallocate(id, size));
                continue;
            }
            (_, None) if kind & 4 == 0 => {
                act.block = Some(place(size, align));
                Op::Allocate(id, size, align)
            }
            (_, None) => {
                act.block = Some(place(size, align));
                Op::AllocateZeroed(id, size, align)
            }
            (_, Some(_)) => Op::Free(id),
        };
        if odd {
            spoil(&mut act, odder, &live);
        }
        match op {
            Op::Free(id) => drop(live.remove(&id)),
            Op::Allocate(..) | Op::AllocateZeroed(..) => {
                live.extend(act.block.map(|(at, _)| (id, (at, size, align))));
            }
            Op::Reallocate(id, size) => {
                let align = old.map_or(1, |(_, _, align)| align);
                live.extend(act.block.map(|(at, _)| (id, (at, size, align))));
            }
        }
        ops.push(op);
        acts.push(act);
    }
    let ticks = choices.iter().map(|(kind, pick, ..)| u64::from(*pick) + u64::from(*kind)).collect();
    Script { memory: MEMORY, ops, acts, ticks }
}

/// The lowest place for a block.
fn room(live: &BTreeMap<u32, (u64, u64, u64)>, size: u64, align: u64) -> u64 {
    let ends = live.values().map(|(at, size, _)| (at + size).next_multiple_of(align));
    let free = |at: &u64| live.values().all(|live| at + size <= live.0 || live.0 + live.1 <= *at);
    ends.chain([0]).filter(free).min().unwrap_or(0)
}

/// Makes an act wrong in one of the ways.
fn spoil(act: &mut Act, how: u16, live: &BTreeMap<u32, (u64, u64, u64)>) {
    let Some((at, len)) = act.block else { return };
    let victim = live.values().nth(usize::from(how / 8) % live.len().max(1));
    match (how % 8, victim) {
        (0, _) => act.block = None,
        (1, _) => act.honest = false,
        (2, _) if len > 4 => act.block = Some((at, len - 4)),
        (3, _) => act.block = Some((at + 1, len)),
        (4, Some((other, size, _))) => act.block = Some((other + size / 2, len)),
        (_, Some((other, size, _))) => act.pokes.push((other + u64::from(how / 64) % size, 0x41)),
        _ => {}
    }
}
