//! Times the student's `SharedPool` beside a peer, on two threads at once.
//!
//! ```text
//!   main     ──┤ opens the gate │ its half │ waits ├── next contestant, in random order
//!   helper   ──┤ waits          │ its half │ tells ├──
//!               └──────────── the clock ──────────┘
//! ```
//!
//! Where other programs keep a processor busy, the two threads take turns on the other one, and nothing is
//! measured of what happens when they meet. So each tells when it began and ended, and a batch in which they
//! hardly overlapped is done again.

use crate::protocol::pool::{Peer, Timed, Together, timed_word};
use driverkit::Replies;
use driverkit::pin::pin;
use driverkit::timed::interleave_sound;
use ps1_allocators::pool::{PoolBox, SharedPool};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// What is inserted: 32 bytes.
type Word = [u64; 4];

/// The most values that a thread has in a pool at once.
const WINDOW: usize = 64;

/// How often a waiting thread looks before it gives its processor away. Parking would cost more than a batch.
const SPINS: u32 = 2_000;

/// How much time may go into batches that are done again.
const PATIENCE: Duration = Duration::from_millis(60);

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

    /// Spins for the lock: a thread that sleeps for it takes now ten times, now a hundred times as long, and
    /// the faster of the two is what a good lock does.
    #[inline]
    fn lock(&self) -> MutexGuard<'_, Slots> {
        for _ in 0..SPINS {
            match self.0.try_lock() {
                Ok(slots) => return slots,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => std::hint::spin_loop(),
            }
        }
        // Whoever holds it has lost its processor.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared for Locked {
    type Held<'p> = u32;

    #[inline]
    fn insert(&self, value: Word) -> Option<u32> {
        let (slots, free) = &mut *self.lock();
        let index = free.pop()?;
        slots[index as usize] = Some(value);
        Some(index)
    }

    #[inline]
    fn take(&self, held: u32) -> Word {
        let (slots, free) = &mut *self.lock();
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
    let (gate, clock) = (Gate::default(), Instant::now());
    let timed = |contestant, thread, batch| {
        let begin = clock.elapsed().as_nanos() as u64;
        let sum = run(contestant, thread, batch);
        Half { sum, begin, end: clock.elapsed().as_nanos() as u64 }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            pin(1);
            while let Some((contestant, batch)) = gate.next() {
                gate.tell(&timed(contestant, 1, batch));
            }
        });
        // After the helper's start, which would inherit it.
        pin(0);
        let both = |contestant: usize, batch: u32| {
            gate.open(contestant, batch);
            let own = timed(contestant, 0, batch);
            (own, gate.wait())
        };
        for contestant in [0, 1, 2, 0, 1, 2] {
            both(contestant, 0);
        }
        replies.expect(0);
        replies.send(&Timed::Started);
        // By batch, since one may be done again.
        let mut sums = vec![0_u64; together.batches as usize];
        let timing =
            interleave_sound(together.batches as usize, together.seed, PATIENCE, |contestant, batch| {
                let (own, other) = both(contestant, batch as u32);
                if contestant == 0 {
                    sums[batch] = own.sum.wrapping_add(other.sum);
                }
                !own.is_apart_from(&other)
            });
        gate.close();
        let sum = sums.into_iter().fold(0, u64::wrapping_add);
        replies.send(&Timed::Timing { rounds: timing.rounds, sum, lost: timing.lost, apart: timing.spoilt });
    });
}

/// What one thread did of a batch, and when, in nanoseconds.
struct Half {
    sum: u64,
    begin: u64,
    end: u64,
}

impl Half {
    /// Whether they were at work at once for less than half of the shorter one's time.
    fn is_apart_from(&self, other: &Self) -> bool {
        let both = self.end.min(other.end).saturating_sub(self.begin.max(other.begin));
        2 * both < (self.end - self.begin).min(other.end - other.begin)
    }
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
    begin: AtomicU64,
    end: AtomicU64,
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
    fn tell(&self, half: &Half) {
        self.sum.store(half.sum, Ordering::Relaxed);
        self.begin.store(half.begin, Ordering::Relaxed);
        self.end.store(half.end, Ordering::Relaxed);
        self.done.store(self.order.load(Ordering::Relaxed), Ordering::Release);
    }

    /// Waits for the helper, and gives what it told.
    fn wait(&self) -> Half {
        let order = self.order.load(Ordering::Relaxed);
        until(|| self.done.load(Ordering::Acquire) == order);
        let told = |word: &AtomicU64| word.load(Ordering::Relaxed);
        Half { sum: told(&self.sum), begin: told(&self.begin), end: told(&self.end) }
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
