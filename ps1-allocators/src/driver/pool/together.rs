//! Times the student's `SharedPool` beside a peer, on two threads at once.

use crate::protocol::pool::{Peer, Together, timed_word};
use driverkit::Replies;
use driverkit::pair;
use ps1_allocators::pool::{PoolBox, SharedPool};
use std::sync::Mutex;

/// What is inserted: 32 bytes.
type Word = [u64; 4];

/// The most values that a thread has in a pool at once.
const WINDOW: usize = 64;

/// A pool that two threads use.
trait Shared: Sync {
    type Held<'p>
    where
        Self: 'p;
    fn insert(&self, value: Word) -> Option<Self::Held<'_>>;
    fn take<'p>(&'p self, held: Self::Held<'p>) -> Word;
}

impl Shared for SharedPool<Word> {
    type Held<'p> = PoolBox<'p, Word>;

    #[inline]
    fn insert(&self, value: Word) -> Option<PoolBox<'_, Word>> {
        Self::insert(self, value).ok()
    }

    #[inline]
    fn take<'p>(&'p self, held: PoolBox<'p, Word>) -> Word {
        PoolBox::take(held)
    }
}

impl Shared for sharded_slab::Slab<Word> {
    type Held<'p> = usize;

    #[inline]
    fn insert(&self, value: Word) -> Option<usize> {
        Self::insert(self, value)
    }

    #[inline]
    fn take(&self, held: usize) -> Word {
        Self::take(self, held).unwrap_or_default()
    }
}

/// Slots and a list of the free ones, behind a lock.
struct Locked(Mutex<Slots>);

type Slots = (Vec<Option<Word>>, Vec<u32>);

impl Locked {
    fn new(capacity: u32) -> Self {
        Self(Mutex::new((vec![None; capacity as usize], (0..capacity).collect())))
    }
}

impl Shared for Locked {
    type Held<'p> = u32;

    #[inline]
    fn insert(&self, value: Word) -> Option<u32> {
        let (slots, free) = &mut *pair::lock(&self.0);
        let index = free.pop()?;
        slots[index as usize] = Some(value);
        Some(index)
    }

    #[inline]
    fn take(&self, held: u32) -> Word {
        let (slots, free) = &mut *pair::lock(&self.0);
        free.push(held);
        slots[held as usize].take().unwrap_or_default()
    }
}

/// Times two threads beside a peer and its twin.
pub fn time(together: &Together, replies: &mut Replies) {
    match together.peer {
        Peer::ShardedSlab => race(together, sharded_slab::Slab::new, replies),
        Peer::Mutex => race(together, || Locked::new(together.capacity), replies),
    }
}

fn race<P: Shared>(together: &Together, peer: impl Fn() -> P, replies: &mut Replies) {
    // Where memory comes to lie favours some; over consecutive seeds each kind is made first and last.
    let early = together.seed.is_multiple_of(2).then(|| SharedPool::new(together.capacity));
    let peers = [peer(), peer()];
    let student = early.unwrap_or_else(|| SharedPool::new(together.capacity));
    pair::time(together.batches, together.seed, replies, |contestant, thread, batch| match contestant {
        0 => half(&student, together, thread, batch),
        which => half(&peers[which - 1], together, thread, batch),
    });
}

/// One thread's part of a batch: everything that it inserts it takes out again, the oldest first.
#[inline(never)]
fn half<P: Shared>(pool: &P, together: &Together, thread: u32, batch: u32) -> u64 {
    let mut held: [Option<P::Held<'_>>; WINDOW] = [const { None }; WINDOW];
    let window = (together.window as usize).clamp(1, WINDOW);
    let (turn, mut sum, mut place) = (batch.wrapping_mul(2).wrapping_add(thread), 0_u64, 0);
    for id in 0..together.values {
        if let Some(oldest) = held[place].take() {
            sum = added(sum, pool.take(oldest));
        }
        held[place] = pool.insert([timed_word(together.seed, turn, id); 4]);
        place = if place + 1 == window { 0 } else { place + 1 };
    }
    for oldest in held.into_iter().flatten() {
        sum = added(sum, pool.take(oldest));
    }
    sum
}

#[inline]
fn added(sum: u64, value: Word) -> u64 {
    sum.wrapping_add(value[0] ^ value[3].rotate_left(1))
}
