//! Times a program that samples its allocations beside the same one that does not.

use crate::protocol::patterns::{Found, Workload};
use driverkit::Replies;
use driverkit::timed::{interleave, started, stopped};
use lab1_profiler::patterns::Sampler;
use std::hint::black_box;

/// The blocks that one contestant holds.
type Slots = Vec<Vec<u8>>;

/// Makes a block in the place of the one that its slot had: the least that a program does with one.
#[inline]
fn make(slots: &mut Slots, (slot, size): (u32, u32)) {
    slots[slot as usize] = black_box(Vec::with_capacity(size as usize));
}

/// Times a workload. All of it has been done once before the clock starts.
pub fn time(workload: &Workload, replies: &mut Replies) {
    let batches: Vec<&[(u32, u32)]> = workload.blocks.chunks(workload.batch.max(1) as usize).collect();
    let mut contestants: [Slots; 3] = [(); 3].map(|()| vec![Vec::new(); workload.slots as usize]);
    // Where memory comes to lie favours some; over three consecutive seeds each is first, second, last.
    for turn in 0..3 {
        let slots = &mut contestants[(workload.seed.wrapping_add(turn) % 3) as usize];
        workload.blocks.iter().for_each(|block| make(slots, *block));
    }
    let mut sampler = Sampler::new(workload.mean, workload.seed);
    let (mut chosen, mut weight) = (0, 0.0);
    let turns = started(replies, 1);
    let rounds = interleave(turns, batches.len(), workload.seed, |contestant, batch| {
        let slots = &mut contestants[contestant];
        for block in batches[batch] {
            if contestant == 0
                && let Some(more) = sampler.sample(u64::from(block.1))
            {
                chosen += 1;
                weight += more;
            }
            make(slots, *block);
        }
    });
    stopped(replies, rounds, || Found::Chosen(chosen, weight));
}
