//! Pools: a fixed number of slots for values of one type, taken and given back in constant time.
//!
//! ```text
//!   Pool          slots     0          1          2          3            free: 1
//!                       ┌──────────┬──────────┬──────────┬──────────┐
//!                  life │    1     │  - (3)   │    2     │  - (0)   │     a key is a slot and one of its
//!                       │  value   │ next: 3  │  value   │ next: -  │     lives: { index: 2, generation: 2 }
//!                       └──────────┴──────────┴──────────┴──────────┘
//!
//!   FreeStack     head  │ tag 7 │ index 1 │          one word, so that both change together
//!                 next  │ · │ 3 │ · │ - │            1, then 3, then none
//!
//!   SharedPool    several stacks, each with the slots that its indices name; a thread takes from its own first
//!                 PoolBox: which slot, for as long as the pool is borrowed
//! ```
//!
//! A lock-free pop reads the head, then `next` of the index that it names, then exchanges the head. If that
//! index was popped and pushed again in between, the head's index is the same and `next` is stale: the ABA
//! problem. A tag beside the index that changes whenever the head does tells the difference.
//!
//! Sources: B. Kenwright, *Fast efficient fixed-size memory pool*, Computation Tools 2012; R. K. Treiber,
//! *Systems programming: coping with parallelism*, IBM RJ 5118, 1986; M. Michael, *ABA prevention using
//! single-word instructions*, IBM RC 23089, 2004; Y. Afek and others, *Atomic snapshots of shared memory*,
//! JACM 40(4), 1993; the crates `slab`, `slotmap` and `sharded-slab`.

use core::fmt;
use core::num::NonZeroU32;
use core::ops::{Deref, DerefMut, Index, IndexMut};

/// Names a live value of a [`Pool`]. Once that value was removed, its key names nothing, also when its slot is taken
/// again, until that slot has been taken 2³¹ times at least. An `Option<Key>` is as small as a `Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which slot, from 0.
    pub index: u32,
    /// Which of the slot's lives: any numbers will do, in any order.
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
    // Your fields, each with its invariant. This one only says that the pool owns values of `T`: replace it.
    owns: core::marker::PhantomData<T>,
}

impl<T> Pool<T> {
    /// A pool of `capacity` free slots, for all of which it may take memory here.
    pub fn new(capacity: u32) -> Self {
        todo!("ps1.pool.new: {capacity} free slots")
    }

    /// Moves a value in. Constant time.
    ///
    /// # Errors
    ///
    /// [`Full`], with the value, where every slot holds one.
    #[inline]
    pub fn insert(&mut self, value: T) -> Result<Key, Full<T>> {
        todo!("ps1.pool.insert: a free slot for {} bytes {:?}", size_of_val(&value), self.owns)
    }

    /// Moves a value out; `None` for a key that names nothing. Constant time.
    #[inline]
    pub fn remove(&mut self, key: Key) -> Option<T> {
        todo!("ps1.pool.remove: the value of {key:?}")
    }

    /// The value of a key; `None` for a key that names nothing. Constant time.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&T> {
        todo!("ps1.pool.get: the value of {key:?}")
    }

    /// The value of a key, to change; `None` for a key that names nothing. Constant time.
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        todo!("ps1.pool.get_mut: the value of {key:?}")
    }

    /// Whether a key names a value.
    pub fn contains(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// How many values are live. Constant time.
    pub fn len(&self) -> usize {
        todo!("ps1.pool.len: how many values are live")
    }

    /// Whether no value is live.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        todo!("ps1.pool.capacity: how many slots there are")
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
        todo!("ps1.pool.drop: drop what is live")
    }
}

/// Indices below a capacity, taken and given back by any number of threads without locks.
///
/// Its atomics come from `heap_api::sync`, so that the model checker sees them.
pub struct FreeStack {
    // Your fields, each with its invariant.
}

impl FreeStack {
    /// A stack in which every index below `capacity` is free.
    pub fn new(capacity: u32) -> Self {
        todo!("ps1.pool.stack_new: {capacity} free indices")
    }

    /// Takes a free index; `None` only if there was a moment during the call at which no index was free. What was done
    /// before the index was pushed is visible.
    #[inline]
    pub fn pop(&self) -> Option<u32> {
        todo!("ps1.pool.pop: a free index")
    }

    /// Gives back an index that was popped and is not free. What was done before is visible to who pops it.
    #[inline]
    pub fn push(&self, index: u32) {
        todo!("ps1.pool.push: {index} is free")
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
    // Your fields, each with its invariant. This one only says that the pool owns values of `T`: replace it.
    owns: core::marker::PhantomData<T>,
}

// SAFETY: a value is reached through its one `PoolBox`, so the pool only moves values between threads.
unsafe impl<T: Send> Send for SharedPool<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedPool<T> {}

impl<T> SharedPool<T> {
    /// A pool of `capacity` free slots, for all of which it may take memory here.
    pub fn new(capacity: u32) -> Self {
        todo!("ps1.pool.shared_new: {capacity} free slots")
    }

    /// Moves a value into a slot, where it stays for as long as the box lives.
    ///
    /// # Errors
    ///
    /// [`Full`], with the value, only if there was a moment during the call at which every slot was taken.
    #[inline]
    pub fn insert(&self, value: T) -> Result<PoolBox<'_, T>, Full<T>> {
        todo!("ps1.pool.shared_insert: a free slot for {} bytes {:?}", size_of_val(&value), self.owns)
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        todo!("ps1.pool.shared_capacity: how many slots there are")
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
    // Your fields, each with its invariant. This one only says that the box borrows the pool, and owns a `T`:
    // replace it.
    pool: core::marker::PhantomData<(&'pool SharedPool<T>, T)>,
}

impl<T> PoolBox<'_, T> {
    /// Moves the value out and frees the slot. Called as `PoolBox::take(boxed)`, so that it hides no method
    /// of the value's.
    #[inline]
    pub fn take(boxed: Self) -> T {
        todo!("ps1.pool.take: the value out of {:?}, without dropping it", boxed.pool)
    }
}

impl<T> Deref for PoolBox<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        todo!("ps1.pool.deref: the value in its slot")
    }
}

impl<T> DerefMut for PoolBox<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        todo!("ps1.pool.deref_mut: the value in its slot")
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
        todo!("ps1.pool.box_drop: drop the value, then push the slot")
    }
}
