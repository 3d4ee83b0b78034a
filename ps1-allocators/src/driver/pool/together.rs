//! Times the student's `SharedPool` beside a peer, on two threads at once.

use crate::protocol::pool::{Peer, Together, Word};
use driverkit::Replies;
use driverkit::pair::lock;
use driverkit::together::{self, Contestant, Work, added};
use ps1_allocators::pool::{PoolBox, SharedPool};
use std::sync::Mutex;

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
        let (slots, free) = &mut *lock(&self.0);
        let index = free.pop()?;
        slots[index as usize] = Some(value);
        Some(index)
    }

    #[inline]
    fn take(&self, held: u32) -> Word {
        let (slots, free) = &mut *lock(&self.0);
        free.push(held);
        slots[held as usize].take().unwrap_or_default()
    }
}

/// Times two threads beside a peer and its twin.
pub fn time(together: &Together, replies: &mut Replies) {
    let Together { peer, capacity, work } = *together;
    let student = || Some(Racing { pool: SharedPool::new(capacity), work });
    match peer {
        Peer::ShardedSlab => {
            let peer = || Some(Racing { pool: sharded_slab::Slab::new(), work });
            together::time(&work, student, peer, replies);
        }
        Peer::Mutex => {
            let peer = || Some(Racing { pool: Locked::new(capacity), work });
            together::time(&work, student, peer, replies);
        }
    }
}

struct Racing<P> {
    pool: P,
    work: Work,
}

impl<P: Shared> Contestant for Racing<P> {
    /// Everything that is inserted is taken out again, the oldest first.
    #[inline(never)]
    fn half(&self, thread: u32, batch: u32) -> u64 {
        let mut held: [Option<P::Held<'_>>; WINDOW] = [const { None }; WINDOW];
        let window = (self.work.window as usize).clamp(1, WINDOW);
        let (mut sum, mut place) = (0_u64, 0);
        let taken = |sum, oldest| {
            let value = self.pool.take(oldest);
            added(sum, value[0], value[3])
        };
        for id in 0..self.work.values {
            if let Some(oldest) = held[place].take() {
                sum = taken(sum, oldest);
            }
            held[place] = self.pool.insert([self.work.word(thread, batch, id); 4]);
            place = if place + 1 == window { 0 } else { place + 1 };
        }
        held.into_iter().flatten().fold(sum, taken)
    }
}
