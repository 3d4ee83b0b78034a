//! Times calls on two threads at once, beside a peer.

use super::dealt::{Dealt, Tracks};
use super::peer::Locked;
use super::told::{address, pointer};
use crate::protocol::track::Together;
use driverkit::{Replies, pair};
use lab1_profiler::track::Tracker;

/// Times two threads beside a peer and its twin.
pub fn time(together: &Together, replies: &mut Replies) {
    // Where memory comes to lie favours some; over consecutive seeds each kind is made first and last.
    let early = together.seed.is_multiple_of(2).then(|| Tracker::new(Dealt::new()));
    let peers = [Locked::default(), Locked::default()];
    let student = early.unwrap_or_else(|| Tracker::new(Dealt::new()));
    pair::time(together.batches, together.seed, replies, |contestant, thread, _| match contestant {
        0 => half(&student, together, thread),
        which => half(&peers[which - 1], together, thread),
    });
}

/// One thread's part of a batch: everything that it allocates it frees again, the oldest first.
#[inline(never)]
fn half(tracker: &impl Tracks, together: &Together, thread: u32) -> u64 {
    let free = |number| {
        if let Some(block) = pointer(together.block(thread, number)) {
            tracker.free(block);
        }
    };
    let mut sum = 0_u64;
    for number in 0..together.blocks {
        if number >= together.window {
            free(number - together.window);
        }
        Dealt::deal(together.block(thread, number));
        sum = sum.wrapping_add(tracker.malloc(100, number).map_or(0, address));
    }
    (together.blocks.saturating_sub(together.window)..together.blocks).for_each(free);
    sum
}
