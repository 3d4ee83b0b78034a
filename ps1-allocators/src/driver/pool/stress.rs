//! Real threads on the student's `SharedPool`.

use crate::protocol::pool::{Stress, Stressed, Word};
use driverkit::payload::{digest, expected, fill, key};
use driverkit::prng::SplitMix64;
use ps1_allocators::pool::{PoolBox, SharedPool};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes of a parcel's payload.
const LEN: usize = Stress::PARCEL;

/// Drops of parcels, and of what is none. Counted Relaxed, so that counting orders nothing.
static DROPS: AtomicU64 = AtomicU64::new(0);
static STRAYS: AtomicU64 = AtomicU64::new(0);

/// A value that knows whether it is whole.
struct Parcel {
    key: u64,
    bytes: [u8; LEN],
}

/// What is put in.
trait Value: Send {
    fn new(key: u64) -> Self;
    fn digest(&self) -> u64;
}

impl Value for Parcel {
    fn new(key: u64) -> Self {
        let mut bytes = [0; LEN];
        // SAFETY: the array is as long as that.
        unsafe { fill(bytes.as_mut_ptr(), LEN, key) };
        Self { key, bytes }
    }

    fn digest(&self) -> u64 {
        // SAFETY: the array is as long as that, and initialised.
        unsafe { digest(self.bytes.as_ptr(), LEN) }
    }
}

impl Value for Word {
    fn new(key: u64) -> Self {
        let mut word = [0; 4];
        // SAFETY: the word is as long as that.
        unsafe { fill(word.as_mut_ptr().cast(), size_of::<Self>(), key) };
        word
    }

    fn digest(&self) -> u64 {
        // SAFETY: the word is as long as that, and initialised.
        unsafe { digest(self.as_ptr().cast(), size_of::<Self>()) }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        let sound = self.digest() == expected(LEN, self.key);
        if sound { &DROPS } else { &STRAYS }.fetch_add(1, Ordering::Relaxed);
    }
}

type Exchange<'p, V> = Vec<Mutex<Option<PoolBox<'p, V>>>>;

/// Lets threads insert, hand over, take and drop at once; a value's digest is added once, at its end, so the
/// sum does not depend on who met whom.
pub fn stress(stress: &Stress) -> Stressed {
    if stress.words { of::<Word>(stress) } else { of::<Parcel>(stress) }
}

fn of<V: Value>(stress: &Stress) -> Stressed {
    DROPS.store(0, Ordering::Relaxed);
    STRAYS.store(0, Ordering::Relaxed);
    let pool = SharedPool::<V>::new(stress.capacity);
    let exchange: Exchange<'_, V> = (0..stress.exchange).map(|_| Mutex::new(None)).collect();
    let (mut served, mut held) = (0, 0_u64);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..stress.threads)
            .map(|thread| {
                let (pool, exchange) = (&pool, &exchange);
                scope.spawn(move || work(pool, stress, thread, exchange))
            })
            .collect();
        // A panic has ended the process already, by the hook.
        for (own, sum) in threads.into_iter().filter_map(|thread| thread.join().ok()) {
            served += own;
            held = held.wrapping_add(sum);
        }
    });
    for place in exchange {
        if let Some(boxed) = place.into_inner().unwrap_or_else(PoisonError::into_inner) {
            held = held.wrapping_add(release(boxed, false));
        }
    }
    let (drops, strays) = (DROPS.load(Ordering::Relaxed), STRAYS.load(Ordering::Relaxed));
    let fill: Vec<_> =
        (0..=stress.capacity).map_while(|id| pool.insert(V::new(u64::from(id))).ok()).collect();
    Stressed { served, held, drops, strays, free_at_end: fill.len() as u32 }
}

fn work<'p, V: Value>(
    pool: &'p SharedPool<V>,
    stress: &Stress,
    thread: u32,
    exchange: &Exchange<'p, V>,
) -> (u64, u64) {
    let mut prng = SplitMix64::new(!stress.seed ^ u64::from(thread));
    let mut own: Vec<Option<PoolBox<'p, V>>> = (0..stress.held).map(|_| None).collect();
    let (mut served, mut held) = (0, 0_u64);
    for operation in 0..stress.operations {
        let slot = &mut own[prng.below(u64::from(stress.held)) as usize];
        if let Some(boxed) = slot.take() {
            held = held.wrapping_add(release(boxed, prng.below(2) == 0));
        }
        if let Ok(boxed) = pool.insert(V::new(key(stress.seed, thread * stress.operations + operation))) {
            *slot = Some(boxed);
            served += 1;
        }
        if prng.below(4) == 0 {
            let place = &exchange[prng.below(u64::from(stress.exchange)) as usize];
            std::mem::swap(&mut *place.lock().unwrap_or_else(PoisonError::into_inner), slot);
        }
    }
    for boxed in own.into_iter().flatten() {
        held = held.wrapping_add(release(boxed, false));
    }
    (served, held)
}

/// The digest of a value at its end: taken out, or in its slot before the box is dropped.
fn release<V: Value>(boxed: PoolBox<'_, V>, take: bool) -> u64 {
    if take { PoolBox::take(boxed).digest() } else { (*boxed).digest() }
}
