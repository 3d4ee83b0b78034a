//! Pools: a fixed number of slots, taken and given back in constant time.
//!
//! ```text
//!   slots    │ value │ next: 4 │ value │ value │ next: - │      a free slot holds the next free one's index
//!   head     │ tag │ index: 1 │                                one word, so that both change together
//! ```
//!
//! A lock-free pop reads the head's slot, then its `next`, then exchanges the head. If the slot was popped
//! and pushed back in between, `next` is stale although the index is the same: the ABA problem. A tag that
//! changes with every exchange tells the difference.
//!
//! Sources: B. Kenwright, "Fast efficient fixed-size memory pool", Computation Tools 2012; R. K. Treiber,
//! "Systems programming: coping with parallelism", IBM RJ 5118, 1986; M. Michael, "ABA prevention using
//! single-word instructions", IBM RC 23089, 2004; the crates `slab` and `sharded-slab`.

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// Names a live value of a pool. A key whose value was removed never names another one: 32 bits of index
/// and 32 of generation (which may come round after 2^32 reuses of one slot).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

/// No slot is free. The value comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// A pool for one thread.
#[derive(Debug)]
pub struct Pool<T> {
    /// Owns values of `T`.
    owns: PhantomData<T>,
}

impl<T> Pool<T> {
    /// `capacity` free slots.
    pub fn new(capacity: u32) -> Self {
        todo!("ps1.pool.new: {capacity} free slots")
    }

    /// Moves a value in.
    ///
    /// # Errors
    ///
    /// [`Full`] with the value.
    pub fn insert(&mut self, value: T) -> Result<Key, Full<T>> {
        todo!("ps1.pool.insert: a free slot for {} bytes {:?}", size_of_val(&value), self.owns)
    }

    /// Moves a value out; `None` for a key that names nothing.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        todo!("ps1.pool.remove: the value of {key:?}")
    }

    /// The value of a key.
    pub fn get(&self, key: Key) -> Option<&T> {
        todo!("ps1.pool.get: the value of {key:?}")
    }

    /// The value of a key, to change.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        todo!("ps1.pool.get_mut: the value of {key:?}")
    }

    /// How many values are live.
    pub fn len(&self) -> usize {
        todo!("ps1.pool.len: count of live values")
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        todo!("ps1.pool.capacity: count of slots")
    }
}

impl<T> Drop for Pool<T> {
    /// Drops the live values, each once.
    fn drop(&mut self) {
        todo!("ps1.pool.drop: drop what is live")
    }
}

/// Indices below a capacity, taken and given back by any thread without locks. Write it with
/// `heap_api::sync`: it is what is model checked.
#[derive(Debug)]
pub struct FreeStack {}

impl FreeStack {
    /// All indices below `capacity` are free.
    pub fn new(capacity: u32) -> Self {
        todo!("ps1.pool.stack_new: link {capacity} indices")
    }

    /// Takes a free index. What was done before it was pushed is visible.
    pub fn pop(&self) -> Option<u32> {
        todo!("ps1.pool.pop: exchange the head for its next, under a new tag")
    }

    /// Gives an index back, which is not free.
    pub fn push(&self, index: u32) {
        todo!("ps1.pool.push: link {index} in front, under a new tag")
    }
}

/// A pool that threads share.
#[derive(Debug)]
pub struct SharedPool<T> {
    /// Owns values of `T`.
    owns: PhantomData<T>,
}

// SAFETY: a value is reached through its one `PoolBox`, so the pool only moves values between threads.
unsafe impl<T: Send> Send for SharedPool<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedPool<T> {}

impl<T> SharedPool<T> {
    /// `capacity` free slots.
    pub fn new(capacity: u32) -> Self {
        todo!("ps1.pool.shared_new: {capacity} free slots")
    }

    /// Moves a value in, for as long as the box lives.
    ///
    /// # Errors
    ///
    /// [`Full`] with the value.
    pub fn insert(&self, value: T) -> Result<PoolBox<'_, T>, Full<T>> {
        todo!("ps1.pool.shared_insert: a free slot for {} bytes {:?}", size_of_val(&value), self.owns)
    }
}

/// Owns a value in a [`SharedPool`], which it cannot outlive. Dropping it drops the value and frees the slot.
#[derive(Debug)]
pub struct PoolBox<'pool, T> {
    /// Borrows the pool and owns one value.
    pool: PhantomData<(&'pool SharedPool<T>, T)>,
}

impl<T> PoolBox<'_, T> {
    /// Moves the value out and frees the slot.
    pub fn take(self) -> T {
        todo!("ps1.pool.take: the value out of {:?}, without dropping it", self.pool)
    }
}

impl<T> Deref for PoolBox<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        todo!("ps1.pool.deref: the value in its slot")
    }
}

impl<T> DerefMut for PoolBox<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        todo!("ps1.pool.deref_mut: the value in its slot")
    }
}

impl<T> Drop for PoolBox<'_, T> {
    /// Drops the value, then frees the slot: in this order, or another thread finds it half dropped.
    fn drop(&mut self) {
        todo!("ps1.pool.box_drop: drop the value, then push the slot")
    }
}
