//! Times calls on two threads at once, beside a peer.

use super::dealt::{Dealt, Tracks};
use super::peer::Locked;
use super::told::{address, pointer};
use crate::protocol::track::Together;
use driverkit::{Replies, pair};
use lab1_profiler::track::Tracker;
use std::sync::atomic::{AtomicU32, Ordering};

/// The size of every block.
const SIZE: usize = 100;

/// Times two threads beside a peer and its twin.
pub fn time(together: &Together, replies: &mut Replies) {
    let tracker = || Contestant::new(Tracker::new(Dealt::new()));
    // Where memory comes to lie favours some; over consecutive seeds each kind is made first and last.
    let early = together.seed.is_multiple_of(2).then(tracker);
    let peers = [Locked::default(), Locked::default()].map(Contestant::new);
    let student = early.unwrap_or_else(tracker);
    let half = |contestant: usize, thread, _| match contestant {
        0 => student.half(together, thread),
        which => peers[which - 1].half(together, thread),
    };
    pair::time(together.batches, together.seed, replies, half, || student.counted_beside(together));
}

/// One tracker, and how many halves of batches each thread has done.
struct Contestant<T> {
    tracker: T,
    turns: [AtomicU32; 2],
}

impl<T: Tracks> Contestant<T> {
    fn new(tracker: T) -> Self {
        Self { tracker, turns: Default::default() }
    }

    /// One thread's part of a batch: it frees what it allocates, the oldest first, but for some blocks, which the other
    /// thread frees the next time. It does that twice, and the second time nobody has them: so who frees what counts has
    /// to be known of each block, and of no thread.
    #[inline(never)]
    fn half(&self, together: &Together, thread: u32) -> u64 {
        let turn = self.turns[thread as usize].fetch_add(1, Ordering::Relaxed);
        let free = |block| {
            if let Some(block) = pointer(block) {
                self.tracker.free(block);
            }
        };
        let left = |thread, turn| (0..together.window).map(move |number| together.left(thread, turn, number));
        left(1 - thread, turn.wrapping_sub(1)).for_each(free);
        left(1 - thread, turn.wrapping_sub(1)).for_each(free);
        let mut sum = 0_u64;
        for number in 0..together.blocks {
            if number >= together.window {
                free(together.block(thread, number - together.window));
            }
            let usual = together.block(thread, number);
            let stays = number + together.window >= together.blocks;
            let dealt = if stays { together.left(thread, turn, number) } else { usual };
            Dealt::deal(dealt);
            let given = self.tracker.malloc(SIZE, number).map_or(0, address);
            sum = sum.wrapping_add(given.wrapping_sub(dealt)).wrapping_add(usual);
        }
        sum
    }

    /// What it has counted beside what was done: nothing, in the end.
    fn counted_beside(&self, together: &Together) -> u64 {
        let totals = self.tracker.totals();
        let counted = totals.allocations.wrapping_add(totals.frees).wrapping_add(totals.total_bytes);
        let done = self.turns.iter().map(|turns| {
            let blocks = u64::from(turns.load(Ordering::Relaxed)) * u64::from(together.blocks);
            (2 + SIZE as u64) * blocks - u64::from(together.window)
        });
        counted.wrapping_sub(done.sum())
    }
}
