//! Where a fault of the driver's has a chance to strike: the student's workload replayed on a model.

use crate::protocol::comparison::{Defect, FaultKind, Op, Order, Ran};
use std::collections::HashMap;

/// Calls after which `HandsOutTwiceLate` begins, as the driver has it.
const LATE: usize = 1000;

/// Whether a workload keeps its contract.
pub fn well_formed(ops: &[Op], order: Order) -> Result<(), String> {
    let (least, most) = (order.ops as usize / 2, order.ops as usize);
    if !(least..=most).contains(&ops.len()) {
        return Err(format!("it has {} operations; from {least} to {most} were asked for", ops.len()));
    }
    let (mut live, mut bytes) = (HashMap::new(), 0_u64);
    for (at, op) in ops.iter().enumerate() {
        let (id, must_live, size) = match *op {
            Op::Allocate(id, size, _) | Op::AllocateZeroed(id, size, _) => (id, false, size),
            Op::Reallocate(id, size) => (id, true, size),
            Op::Free(id) => (id, true, 0),
        };
        let freed = matches!(op, Op::Free(_));
        if size == 0 && !freed {
            return Err(format!("operation {at}, {op:?}, asks for no bytes"));
        }
        let old = live.remove(&id);
        if old.is_some() != must_live {
            let which = if must_live { "is not live" } else { "is live already" };
            return Err(format!("operation {at}, {op:?}, names a block that {which}"));
        }
        // A size is the answer's to choose, and may be as large as there is.
        bytes = (bytes - old.unwrap_or(0)).saturating_add(size);
        if !freed {
            live.insert(id, size);
        }
        if bytes > order.budget {
            return Err(format!(
                "after operation {at} {bytes} bytes are live, of a budget of {}",
                order.budget
            ));
        }
    }
    if live.is_empty() { Ok(()) } else { Err(format!("{} blocks are live at its end", live.len())) }
}

/// The figures of a run without a defect, on a clock whose ticks are `tick`, `tick + 1` and so on.
pub fn sound(ops: &[Op], tick: u64) -> Ran {
    let calls = ops.len() as u64;
    let (mut live, mut bytes, mut peak) = (HashMap::new(), 0, 0);
    for op in ops {
        let (id, size) = match *op {
            Op::Allocate(id, size, _) | Op::AllocateZeroed(id, size, _) | Op::Reallocate(id, size) => {
                (id, size)
            }
            Op::Free(id) => (id, 0),
        };
        bytes += size;
        bytes -= live.insert(id, size).unwrap_or(0);
        peak = peak.max(bytes);
    }
    // A call takes what its second reading goes on by.
    let time = (0..calls).map(|call| tick + 2 * call + 1).sum();
    Ran { time, calls, peak_live: peak, defect: None }
}

/// A chance: the operations at which the fault may be told, and as what.
#[derive(Debug, Clone, PartialEq)]
pub struct Chance {
    /// From the first to the last.
    pub at: (u64, u64),
    /// What it is.
    pub defect: Defect,
}

struct Live {
    id: u32,
    size: u64,
    align: u64,
}

/// The chances of a fault in a workload, in order. `seeds` gives what the driver draws a victim from.
pub fn chances(ops: &[Op], kind: FaultKind, seed: u64, budget: u64) -> Vec<Chance> {
    let mut live: Vec<Live> = Vec::new();
    let mut served: Vec<(u64, u64)> = Vec::new();
    let (mut freed, mut bytes, mut peak) = (0, 0, 0);
    let mut found = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        let here = |defect| Chance { at: (at as u64, at as u64), defect };
        // A changed block is told at the latest when it is given back.
        let changed = |id: u32| {
            let back = ops.iter().enumerate().skip(at + 1).find(|(_, op)| match op {
                Op::Reallocate(other, _) | Op::Free(other) => *other == id,
                _ => false,
            });
            let last = back.map_or(ops.len(), |(at, _)| at);
            Chance { at: (at as u64, last as u64), defect: Defect::Corrupted }
        };
        match *op {
            Op::Allocate(id, size, align) | Op::AllocateZeroed(id, size, align) => {
                let zeroed = matches!(op, Op::AllocateZeroed(..));
                let twice = live.iter().any(|live| live.size >= size && live.align >= align);
                let link = live.last().filter(|live| live.size >= 8);
                found.extend(match kind {
                    FaultKind::HandsOutTwice if twice => Some(here(Defect::Overlap)),
                    FaultKind::HandsOutTwiceLate if twice && at >= LATE => Some(here(Defect::Overlap)),
                    FaultKind::Misaligns if align >= 64 => Some(here(Defect::Misaligned)),
                    FaultKind::CutsShort if size >= 2 => Some(here(Defect::TooShort)),
                    FaultKind::LeavesDirty if zeroed && freed >= size => Some(here(Defect::NotZeroed)),
                    FaultKind::WritesLink => link.map(|live| changed(live.id)),
                    _ => None,
                });
                served.push((size, align));
                live.push(Live { id, size, align });
                bytes += size;
            }
            Op::Reallocate(id, size) => {
                let Some(index) = live.iter().position(|live| live.id == id) else { continue };
                let old = live.remove(index);
                freed = freed.max(old.size);
                let lost = here(Defect::LostOnReallocate);
                found.extend(match kind {
                    FaultKind::LosesOnShrink if size < old.size => Some(lost),
                    FaultKind::LosesOnGrowth if size > old.size && size < 2 * old.size => Some(lost),
                    FaultKind::ForgetsOnGrowth if size >= 2 * old.size => Some(lost),
                    _ => None,
                });
                bytes = bytes + size - old.size;
                live.push(Live { id, size, align: old.align });
            }
            Op::Free(id) => {
                let Some(index) = live.iter().position(|live| live.id == id) else { continue };
                let old = live.remove(index);
                freed = freed.max(old.size);
                bytes -= old.size;
                let full = live.is_empty() && std::mem::take(&mut peak) >= budget / 2;
                found.extend(match kind {
                    FaultKind::RefusesFree => Some(here(Defect::RefusedFree)),
                    FaultKind::CorruptsNeighbour if !live.is_empty() => {
                        Some(changed(live[seed as usize % live.len()].id))
                    }
                    FaultKind::RefusesAfterFreeAll if full => refused(ops, at, &served),
                    _ => None,
                });
            }
        }
        peak = peak.max(bytes);
    }
    found
}

/// The first request after everything was freed that is no more than one before it.
fn refused(ops: &[Op], freed: usize, served: &[(u64, u64)]) -> Option<Chance> {
    let again = |op: &Op| match *op {
        Op::Allocate(_, size, align) | Op::AllocateZeroed(_, size, align) => {
            served.iter().any(|old| old.0 >= size && old.1 >= align)
        }
        _ => false,
    };
    let at = (freed + 1 + ops.get(freed + 1..)?.iter().position(again)?) as u64;
    Some(Chance { at: (at, at), defect: Defect::SpuriousExhaustion })
}
