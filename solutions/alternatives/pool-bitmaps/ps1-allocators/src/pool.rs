//! Pools: a fixed number of slots for values of one type, taken and given back in constant time.
//!
//! ```text
//!   words   │ tag 7 │ 0110…1 │   │ tag 3 │ 1111…1 │   │ tag 0 │ 0000…0 │     one cache line each
//!             slots 0 to 31       32 to 63            64 to 95: all taken
//! ```
//!
//! This design keeps no links. A `Pool` has an `Option` a slot, and a vector of the free indices. What is free
//! of a `SharedPool` stands in bitmaps: a word has a bit for each of 32 slots, and a tag that changes with every
//! exchange of the word. So a word that reads the same twice was the same all the while, and "no slot is free"
//! is known to have been true at one moment for all words together.
//!
//! Sources: B. Kenwright, *Fast efficient fixed-size memory pool*, Computation Tools 2012; R. K. Treiber,
//! *Systems programming: coping with parallelism*, IBM RJ 5118, 1986; M. Michael, *ABA prevention using
//! single-word instructions*, IBM RC 23089, 2004; Y. Afek and others, *Atomic snapshots of shared memory*,
//! JACM 40(4), 1993; the crates `slab`, `slotmap` and `sharded-slab`.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::num::NonZeroU32;
use core::ops::{Deref, DerefMut, Index, IndexMut};
use heap_api::sync::UnsafeCell;
use heap_api::sync::atomic::{AtomicU64, Ordering};
use heap_api::thread;

/// Names a live value of a [`Pool`]. Once that value was removed, its key names nothing, also when the slot
/// is taken again: at least not before it was taken 2³¹ times. An `Option<Key>` is as small as a `Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which slot, from 0.
    pub index: u32,
    /// Which of the slot's lives.
    pub generation: NonZeroU32,
}

/// No slot is free. The value comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(pub T);

impl<T> fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Full").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no slot of the pool is free")
    }
}

impl<T> core::error::Error for Full<T> {}

/// A pool for one thread.
///
/// ```
/// use ps1_allocators::pool::Pool;
///
/// let mut names = Pool::new(2);
/// let ada = names.insert("Ada".to_owned())?;
/// names[ada].push_str(" Lovelace");
/// assert_eq!(names.remove(ada).as_deref(), Some("Ada Lovelace"));
/// assert_eq!(names.get(ada), None);
/// # Ok::<(), ps1_allocators::pool::Full<String>>(())
/// ```
pub struct Pool<T> {
    slots: Vec<Slot<T>>,
    /// The indices of the slots without a value, each once.
    free: Vec<u32>,
}

struct Slot<T> {
    /// Of its value, or of the next one.
    generation: NonZeroU32,
    value: Option<T>,
}

impl<T> Pool<T> {
    /// A pool of `capacity` free slots.
    pub fn new(capacity: u32) -> Self {
        let slots = (0..capacity).map(|_| Slot { generation: NonZeroU32::MIN, value: None });
        Self { slots: slots.collect(), free: (0..capacity).rev().collect() }
    }

    /// Moves a value in. Constant time.
    ///
    /// # Errors
    ///
    /// [`Full`], with the value, where every slot holds one.
    #[inline]
    pub fn insert(&mut self, value: T) -> Result<Key, Full<T>> {
        let Some(index) = self.free.pop() else { return Err(Full(value)) };
        let slot = &mut self.slots[index as usize];
        slot.value = Some(value);
        Ok(Key { index, generation: slot.generation })
    }

    /// Moves a value out; `None` for a key that names nothing. Constant time.
    #[inline]
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index as usize).filter(|slot| slot.generation == key.generation)?;
        let value = slot.value.take()?;
        slot.generation = slot.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.free.push(key.index);
        Some(value)
    }

    /// The value of a key; `None` for a key that names nothing. Constant time.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&T> {
        let slot = self.slots.get(key.index as usize).filter(|slot| slot.generation == key.generation)?;
        slot.value.as_ref()
    }

    /// The value of a key, to change; `None` for a key that names nothing. Constant time.
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index as usize).filter(|slot| slot.generation == key.generation)?;
        slot.value.as_mut()
    }

    /// Whether a key names a value.
    pub fn contains(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// How many values are live. Constant time.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether no value is live.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }
}

impl<T> Index<Key> for Pool<T> {
    type Output = T;

    /// The value of a key.
    ///
    /// # Panics
    ///
    /// If the key names nothing; [`Pool::get`] does not.
    fn index(&self, key: Key) -> &T {
        self.get(key).expect("the key names a live value")
    }
}

impl<T> IndexMut<Key> for Pool<T> {
    fn index_mut(&mut self, key: Key) -> &mut T {
        self.get_mut(key).expect("the key names a live value")
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("len", &self.len()).field("capacity", &self.capacity()).finish()
    }
}

impl<T> Drop for Pool<T> {
    /// Drops the live values, each once.
    fn drop(&mut self) {
        self.slots.clear();
    }
}

/// Indices below a capacity, taken and given back by any number of threads without locks.
///
/// Its atomics come from `heap_api::sync`, so that the model checker sees them.
pub struct FreeStack {
    words: Box<[Word]>,
}

/// Aligned to a cache line and its neighbour, so that threads at two words do not meet.
#[repr(align(128))]
struct Word {
    /// The tag above, which each exchange raises; and a bit for each free index below.
    word: AtomicU64,
}

/// Indices a word.
const BITS: u32 = 32;

/// The word that follows `word` and has these bits.
const fn raised(word: u64, bits: u32) -> u64 {
    ((word >> BITS) as u32).wrapping_add(1) as u64 * (1 << BITS) + bits as u64
}

impl FreeStack {
    /// A stack in which every index below `capacity` is free.
    pub fn new(capacity: u32) -> Self {
        let bits = |word| match capacity - word * BITS {
            BITS.. => u32::MAX,
            rest => (1 << rest) - 1,
        };
        let words = (0..capacity.div_ceil(BITS)).map(|word| AtomicU64::new(u64::from(bits(word))));
        Self { words: words.map(|word| Word { word }).collect() }
    }

    /// Takes a free index, or `None` where none is free. What was done before it was pushed is visible.
    #[inline]
    pub fn pop(&self) -> Option<u32> {
        let count = self.words.len();
        let home = thread::ordinal().checked_rem(count)?;
        if let Some(index) = self.pop_from(home) {
            return Some(index);
        }
        let mut before = Vec::with_capacity(count);
        loop {
            before.clear();
            before.extend(self.words.iter().map(|word| word.word.load(Ordering::Acquire)));
            if let Some(index) = (home..count).chain(0..home).find_map(|word| self.pop_from(word)) {
                return Some(index);
            }
            // What is the same now was empty at every moment between.
            let mut pairs = self.words.iter().zip(&before);
            if pairs.all(|(word, before)| word.word.load(Ordering::Acquire) == *before) {
                return None;
            }
        }
    }

    /// Gives back an index that was popped and is not free. What was done before is visible to who pops it.
    #[inline]
    pub fn push(&self, index: u32) {
        let word = &self.words[(index / BITS) as usize].word;
        let mut now = word.load(Ordering::Relaxed);
        loop {
            let after = raised(now, now as u32 | 1 << (index % BITS));
            match word.compare_exchange_weak(now, after, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => now = other,
            }
        }
    }

    /// Takes the lowest free index of a word. It releases, so that who sees it sees every push before it.
    fn pop_from(&self, at: usize) -> Option<u32> {
        let word = &self.words[at].word;
        let mut now = word.load(Ordering::Relaxed);
        loop {
            let bits = now as u32;
            if bits == 0 {
                return None;
            }
            let after = raised(now, bits & (bits - 1));
            match word.compare_exchange_weak(now, after, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return Some(at as u32 * BITS + bits.trailing_zeros()),
                Err(other) => now = other,
            }
        }
    }
}

impl fmt::Debug for FreeStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreeStack").finish_non_exhaustive()
    }
}

/// A pool that threads share.
///
/// Its cells come from `heap_api::sync` too. A value that is never dropped, since its box was forgotten, keeps
/// its slot.
pub struct SharedPool<T> {
    free: FreeStack,
    /// A slot has a value while its index is popped; then it is its box's alone.
    slots: Box<[UnsafeCell<Option<T>>]>,
}

// SAFETY: a value is reached through its one `PoolBox`, so the pool only moves values between threads.
unsafe impl<T: Send> Send for SharedPool<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedPool<T> {}

impl<T> SharedPool<T> {
    /// A pool of `capacity` free slots.
    pub fn new(capacity: u32) -> Self {
        let slots = (0..capacity).map(|_| UnsafeCell::new(None));
        Self { free: FreeStack::new(capacity), slots: slots.collect() }
    }

    /// Moves a value into a slot, where it stays for as long as the box lives.
    ///
    /// # Errors
    ///
    /// [`Full`], with the value, if at some moment during the call no slot was free.
    #[inline]
    pub fn insert(&self, value: T) -> Result<PoolBox<'_, T>, Full<T>> {
        let Some(index) = self.free.pop() else { return Err(Full(value)) };
        // SAFETY: the index was popped, so nobody else reaches the slot.
        self.slots[index as usize].with_mut(|slot| unsafe { *slot = Some(value) });
        Ok(PoolBox { pool: self, index, owns: PhantomData })
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }
}

impl<T> fmt::Debug for SharedPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedPool").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

/// Owns a value in a [`SharedPool`], which it cannot outlive. Dropping it drops the value and frees the slot.
///
/// It is to the pool what `Box` is to the heap: sent where its value may be sent, shared where its value may
/// be shared.
pub struct PoolBox<'pool, T> {
    pool: &'pool SharedPool<T>,
    /// Popped, and the slot has a value, until the box is dropped or its value taken.
    index: u32,
    /// Shared only where its value may be.
    owns: PhantomData<T>,
}

impl<T> PoolBox<'_, T> {
    /// Moves the value out and frees the slot. Called as `PoolBox::take(boxed)`, so that it hides no method
    /// of the value's.
    #[inline]
    pub fn take(boxed: Self) -> T {
        let boxed = ManuallyDrop::new(boxed);
        // SAFETY: the slot is this box's.
        let value = boxed.pool.slots[boxed.index as usize].with_mut(|slot| unsafe { (*slot).take() });
        boxed.pool.free.push(boxed.index);
        value.expect("a box's slot has a value")
    }
}

impl<T> Deref for PoolBox<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the slot is this box's, and its value stays as long as the box.
        let value = self.pool.slots[self.index as usize].with(|slot| unsafe { (*slot).as_ref() });
        value.expect("a box's slot has a value")
    }
}

impl<T> DerefMut for PoolBox<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the box is borrowed for as long as the reference lives.
        let value = self.pool.slots[self.index as usize].with_mut(|slot| unsafe { (*slot).as_mut() });
        value.expect("a box's slot has a value")
    }
}

impl<T: fmt::Debug> fmt::Debug for PoolBox<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> Drop for PoolBox<'_, T> {
    /// Drops the value, then frees the slot: in this order, or another thread's value is dropped instead.
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the slot is this box's.
        self.pool.slots[self.index as usize].with_mut(|slot| unsafe { *slot = None });
        self.pool.free.push(self.index);
    }
}
