//! Times the student's `Pool` beside `slab`, on one thread.

use crate::protocol::pool::{Alone, Step, Word};
use driverkit::Replies;
use driverkit::prng::SplitMix64;
use driverkit::timed::{Sum, interleave, started, stopped, word};
use ps1_allocators::pool::{Key, Pool};

/// A pool with keys.
trait Keyed {
    type Key: Copy;
    fn insert(&mut self, value: Word) -> Option<Self::Key>;
    fn remove(&mut self, key: Self::Key) -> Option<Word>;
    fn get(&self, key: Self::Key) -> Option<&Word>;
}

impl Keyed for Pool<Word> {
    type Key = Key;

    #[inline]
    fn insert(&mut self, value: Word) -> Option<Key> {
        Self::insert(self, value).ok()
    }

    #[inline]
    fn remove(&mut self, key: Key) -> Option<Word> {
        Self::remove(self, key)
    }

    #[inline]
    fn get(&self, key: Key) -> Option<&Word> {
        Self::get(self, key)
    }
}

impl Keyed for slab::Slab<Word> {
    type Key = usize;

    #[inline]
    fn insert(&mut self, value: Word) -> Option<usize> {
        Some(Self::insert(self, value))
    }

    #[inline]
    fn remove(&mut self, key: usize) -> Option<Word> {
        self.try_remove(key)
    }

    #[inline]
    fn get(&self, key: usize) -> Option<&Word> {
        Self::get(self, key)
    }
}

/// Times a program. Everything is carried out once before the clock starts.
pub fn time(alone: &Alone, replies: &mut Replies) {
    let slab = || Contestant::new(alone, slab::Slab::with_capacity(alone.capacity as usize));
    let student = || Contestant::new(alone, Pool::new(alone.capacity));
    // Where memory comes to lie favours some; over three consecutive seeds each is made first, second, last.
    let (mut student, mut peer, mut twin) = match alone.seed % 3 {
        0 => {
            let student = student();
            (student, slab(), slab())
        }
        1 => {
            let twin = slab();
            (student(), slab(), twin)
        }
        _ => {
            let peers = (slab(), slab());
            (student(), peers.0, peers.1)
        }
    };
    let batch = alone.batch.max(1) as usize;
    let batches: Vec<&[Step]> = alone.steps.chunks(batch).collect();
    let turn = |index: usize| (index * batch) as u32;
    let turns = started(replies, 1);
    let rounds = interleave(turns, batches.len(), alone.seed, |contestant, index| match contestant {
        0 => student.run(turn(index), batches[index]),
        1 => peer.run(turn(index), batches[index]),
        _ => twin.run(turn(index), batches[index]),
    });
    stopped(replies, rounds, || Sum { sum: student.sum, lost: 0, apart: 0 });
}

/// The steps, in which some neighbours that are inserted have traded their ids.
fn traded(steps: &[Step], seed: u64) -> Vec<Step> {
    let mut prng = SplitMix64::new(seed);
    let mut traded = steps.to_vec();
    for pair in traded.as_chunks_mut::<2>().0 {
        if matches!(pair, [Step::Insert(_), Step::Insert(_)]) && prng.below(2) == 0 {
            pair.swap(0, 1);
        }
    }
    traded
}

/// One pool, and where its values are by id.
struct Contestant<P: Keyed> {
    pool: P,
    seed: u64,
    keys: Vec<Option<P::Key>>,
    sum: u64,
}

impl<P: Keyed> Contestant<P> {
    /// A warm one: much the same has been done once, with other values, and taken out again. Some that come one after
    /// the other have traded lives, so that what is remembered of the first time is no answer to the second.
    fn new(alone: &Alone, pool: P) -> Self {
        let keys = vec![None; alone.capacity as usize];
        let mut contestant = Self { pool, seed: !alone.seed, keys, sum: 0 };
        contestant.run(0, &traded(&alone.steps, alone.seed));
        for key in contestant.keys.iter_mut().filter_map(Option::take) {
            contestant.pool.remove(key);
        }
        Self { seed: alone.seed, sum: 0, ..contestant }
    }

    /// Does some steps, the first of which is number `turn` of all.
    #[inline(never)]
    fn run(&mut self, turn: u32, steps: &[Step]) {
        for (turn, step) in (turn..).zip(steps) {
            match *step {
                Step::Insert(id) => {
                    self.keys[id as usize] = self.pool.insert([word(self.seed, turn, id); 4]);
                }
                Step::Remove(id) => {
                    let value = self.keys[id as usize].take().and_then(|key| self.pool.remove(key));
                    self.sum = added(self.sum, value.as_ref());
                }
                Step::Get(id) => {
                    let value = self.keys[id as usize].and_then(|key| self.pool.get(key));
                    self.sum = added(self.sum, value);
                }
            }
        }
    }
}

/// Order matters, so that a value at the wrong time shows.
#[inline]
fn added(sum: u64, value: Option<&Word>) -> u64 {
    let value = value.copied().unwrap_or_default();
    sum.rotate_left(1).wrapping_add(value[0]) ^ value[3]
}
