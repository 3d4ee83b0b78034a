//! Times the student's `SharedPool` beside a peer, on two threads at once.
//!
//! ```text
//!   main     ──┤ opens the gate │ its half │ waits ├── next contestant, in random order
//!   helper   ──┤ waits          │ its half │ tells ├──
//!               └──────────── the clock ──────────┘
//! ```

use crate::protocol::pool::{Peer, Timed, Together, timed_word};
use driverkit::Replies;
use driverkit::timed::interleave;
use ps1_allocators::pool::{PoolBox, SharedPool};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What is inserted: 32 bytes.
type Word = [u64; 4];

/// The most values that a thread has in a pool at once.
const WINDOW: usize = 64;

/// How often a waiting thread looks before it gives its processor away. Parking would cost more than a batch.
const SPINS: u32 = 2_000;

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
struct Locked(Mutex<(Vec<Option<Word>>, Vec<u32>)>);

impl Locked {
    fn new(capacity: u32) -> Self {
        Self(Mutex::new((vec![None; capacity as usize], (0..capacity).collect())))
    }
}

impl Shared for Locked {
    type Held<'p> = u32;

    #[inline]
    fn insert(&self, value: Word) -> Option<u32> {
        let (slots, free) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = free.pop()?;
        slots[index as usize] = Some(value);
        Some(index)
    }

    #[inline]
    fn take(&self, held: u32) -> Word {
        let (slots, free) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
    let run = |contestant: usize, thread: u32, batch: u32| match contestant {
        0 => half(&student, together, thread, batch),
        which => half(&peers[which - 1], together, thread, batch),
    };
    let gate = Gate::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while let Some((contestant, batch)) = gate.next() {
                gate.tell(run(contestant, 1, batch));
            }
        });
        let both = |contestant: usize, batch: u32| {
            gate.open(contestant, batch);
            let own = run(contestant, 0, batch);
            own.wrapping_add(gate.wait())
        };
        for contestant in [0, 1, 2, 0, 1, 2] {
            both(contestant, 0);
        }
        replies.expect(0);
        replies.send(&Timed::Started);
        let mut sum = 0_u64;
        let rounds = interleave(together.batches as usize, together.seed, |contestant, batch| {
            let both = both(contestant, batch as u32);
            if contestant == 0 {
                sum = sum.wrapping_add(both);
            }
        });
        gate.close();
        replies.send(&Timed::Timing { rounds, sum });
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

/// Where the two threads meet.
#[derive(Default)]
struct Gate {
    /// What is to be done: the turn's number, the contestant and the batch; or [`CLOSED`].
    order: AtomicU64,
    /// The order that is done.
    done: AtomicU64,
    /// What came of it.
    sum: AtomicU64,
}

/// The order to end.
const CLOSED: u64 = u64::MAX;

impl Gate {
    /// Lets the helper begin.
    fn open(&self, contestant: usize, batch: u32) {
        let turn = (self.order.load(Ordering::Relaxed) >> 34) + 1;
        self.order.store(turn << 34 | (contestant as u64) << 32 | u64::from(batch), Ordering::Release);
    }

    fn close(&self) {
        self.order.store(CLOSED, Ordering::Release);
    }

    /// The helper's next order.
    fn next(&self) -> Option<(usize, u32)> {
        let last = self.done.load(Ordering::Relaxed);
        until(|| self.order.load(Ordering::Acquire) != last);
        let order = self.order.load(Ordering::Acquire);
        (order != CLOSED).then_some(((order >> 32 & 3) as usize, order as u32))
    }

    /// The helper is done.
    fn tell(&self, sum: u64) {
        self.sum.store(sum, Ordering::Relaxed);
        self.done.store(self.order.load(Ordering::Relaxed), Ordering::Release);
    }

    /// Waits for the helper, and gives what it told.
    fn wait(&self) -> u64 {
        let order = self.order.load(Ordering::Relaxed);
        until(|| self.done.load(Ordering::Acquire) == order);
        self.sum.load(Ordering::Relaxed)
    }
}

/// Looks until it is so.
fn until(ready: impl Fn() -> bool) {
    for _ in 0..SPINS {
        if ready() {
            return;
        }
        std::hint::spin_loop();
    }
    while !ready() {
        std::thread::yield_now();
    }
}
