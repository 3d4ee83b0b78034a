//! A race of two threads' work with a contestant's, beside a peer and the peer's twin: what they put in comes out.

use crate::Replies;
use crate::pair;
use crate::timed::word;
use serde::{Deserialize, Serialize};

/// What two threads do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Work {
    /// Decides values, and who goes first in each round.
    pub seed: u64,
    /// Batches, between each two of which both threads wait for each other.
    pub batches: u32,
    /// Values that each thread has use for in a batch; it reads each back, once.
    pub values: u32,
    /// Values that each thread has at once.
    pub window: u32,
}

impl Work {
    /// Value `id` of a thread's half of a batch.
    pub const fn word(&self, thread: u32, batch: u32, id: u32) -> u64 {
        word(self.seed, batch.wrapping_mul(2).wrapping_add(thread), id)
    }

    /// What all values come to when each is read back as it was.
    pub fn expected(&self) -> u64 {
        let turns = 0..2 * self.batches;
        let words = turns.flat_map(|turn| (0..self.values).map(move |id| word(self.seed, turn, id)));
        words.fold(0, |sum, word| added(sum, word, word))
    }
}

/// The sum with one more value in it, by its first and its last word.
#[inline]
pub const fn added(sum: u64, first: u64, last: u64) -> u64 {
    sum.wrapping_add(first ^ last.rotate_left(1))
}

/// What two threads use at once.
pub trait Contestant: Sync {
    /// One thread's half of a batch; what its values came to.
    fn half(&self, thread: u32, batch: u32) -> u64;
}

/// Times the student's beside a peer and its twin. The first batch is done twice untimed, to warm up. Nothing
/// is replied where one of them can't be made.
pub fn time<S: Contestant, P: Contestant>(
    work: &Work,
    student: impl Fn() -> Option<S>,
    peer: impl Fn() -> Option<P>,
    replies: &mut Replies,
) {
    // Where memory comes to lie favours some; over consecutive seeds each kind is made first and last.
    let early = if work.seed.is_multiple_of(2) { student() } else { None };
    let (Some(one), Some(twin)) = (peer(), peer()) else { return };
    let Some(student) = early.or_else(student) else { return };
    let peers = [one, twin];
    pair::time(work.batches, work.seed, replies, |contestant, thread, batch| match contestant {
        0 => student.half(thread, batch),
        which => peers[which - 1].half(thread, batch),
    });
}
