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
// SOLUTION
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
// END
use core::num::NonZeroU32;
use core::ops::{Deref, DerefMut, Index, IndexMut};
// SOLUTION
use heap_api::sync::UnsafeCell;
use heap_api::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use heap_api::thread;
// END

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
// SOLUTION

/// The index that ends a list. No slot has it, since a capacity is at most this.
const NONE: u32 = u32::MAX;

/// A slot of a [`Pool`].
struct Slot<T> {
    /// The generation of its value's key, or 0 while it is free.
    live: u32,
    /// `value` while the slot is live, else `free`.
    content: Content<T>,
}

union Content<T> {
    free: Free,
    value: ManuallyDrop<T>,
}

#[derive(Clone, Copy)]
struct Free {
    /// The next free slot, or [`NONE`].
    next: u32,
    /// The generation of the slot's last value, or 0.
    last: u32,
}

impl<T> Slot<T> {
    #[inline]
    const fn is_named_by(&self, key: Key) -> bool {
        // Of a free slot it is 0, and no key's generation is.
        self.live == key.generation.get()
    }
}
// END

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
    // SOLUTION
    /// Fixed in number.
    slots: Box<[Slot<T>]>,
    /// The first slot of the list of free ones, each of which is in it once; or [`NONE`].
    free: u32,
    /// How many slots are live.
    len: u32,
    // STUB: // Your fields, each with its invariant. This one only says that the pool owns values of `T`: replace it.
    // STUB: owns: core::marker::PhantomData<T>,
    // END
}

impl<T> Pool<T> {
    /// A pool of `capacity` free slots, for all of which it may take memory here.
    pub fn new(capacity: u32) -> Self {
        // SOLUTION
        let next = |slot: u32| if slot + 1 < capacity { slot + 1 } else { NONE };
        let free = |slot| Slot { live: 0, content: Content { free: Free { next: next(slot), last: 0 } } };
        let slots = (0..capacity).map(free);
        Self { slots: slots.collect(), free: if capacity > 0 { 0 } else { NONE }, len: 0 }
        // STUB: todo!("ps1.pool.new: {capacity} free slots")
        // END
    }

    /// Moves a value in. Constant time.
    ///
    /// # Errors
    ///
    /// [`Full`], with the value, where every slot holds one.
    #[inline]
    pub fn insert(&mut self, value: T) -> Result<Key, Full<T>> {
        // SOLUTION
        let index = self.free;
        let Some(slot) = self.slots.get_mut(index as usize) else { return Err(Full(value)) };
        // SAFETY: the slot is in the list of free ones, so it is free.
        let Free { next, last } = unsafe { slot.content.free };
        // Should the generations come round, they go on with the first.
        let generation = NonZeroU32::new(last.wrapping_add(1)).unwrap_or(NonZeroU32::MIN);
        slot.content.value = ManuallyDrop::new(value);
        slot.live = generation.get();
        self.free = next;
        self.len += 1;
        Ok(Key { index, generation })
        // STUB: todo!("ps1.pool.insert: a free slot for {} bytes {:?}", size_of_val(&value), self.owns)
        // END
    }

    /// Moves a value out; `None` for a key that names nothing. Constant time.
    #[inline]
    pub fn remove(&mut self, key: Key) -> Option<T> {
        // SOLUTION
        let slot = self.slots.get_mut(key.index as usize)?;
        if !slot.is_named_by(key) {
            return None;
        }
        // SAFETY: the slot is live, so it holds a value; it is free from here on, and nobody reads it again.
        let value = unsafe { ManuallyDrop::take(&mut slot.content.value) };
        slot.live = 0;
        slot.content.free = Free { next: self.free, last: key.generation.get() };
        self.free = key.index;
        self.len -= 1;
        Some(value)
        // STUB: todo!("ps1.pool.remove: the value of {key:?}")
        // END
    }

    /// The value of a key; `None` for a key that names nothing. Constant time.
    #[inline]
    pub fn get(&self, key: Key) -> Option<&T> {
        // SOLUTION
        let slot = self.slots.get(key.index as usize)?;
        if !slot.is_named_by(key) {
            return None;
        }
        // SAFETY: the slot is live, so it holds a value, which lives as long as it is not removed, by `&mut`.
        Some(unsafe { &slot.content.value })
        // STUB: todo!("ps1.pool.get: the value of {key:?}")
        // END
    }

    /// The value of a key, to change; `None` for a key that names nothing. Constant time.
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        // SOLUTION
        let slot = self.slots.get_mut(key.index as usize)?;
        if !slot.is_named_by(key) {
            return None;
        }
        // SAFETY: as in `get`, and the pool is borrowed for as long as the reference lives.
        Some(unsafe { &mut slot.content.value })
        // STUB: todo!("ps1.pool.get_mut: the value of {key:?}")
        // END
    }

    /// Whether a key names a value.
    pub fn contains(&self, key: Key) -> bool {
        self.get(key).is_some()
    }

    /// How many values are live. Constant time.
    pub fn len(&self) -> usize {
        // SOLUTION
        self.len as usize
        // STUB: todo!("ps1.pool.len: how many values are live")
        // END
    }

    /// Whether no value is live.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        // SOLUTION
        self.slots.len()
        // STUB: todo!("ps1.pool.capacity: how many slots there are")
        // END
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
        // SOLUTION
        for slot in self.slots.iter_mut().filter(|slot| slot.live != 0) {
            // SAFETY: the slot is live, so it holds a value, and the pool ends here.
            unsafe { ManuallyDrop::drop(&mut slot.content.value) };
        }
        // STUB: todo!("ps1.pool.drop: drop what is live")
        // END
    }
}

/// Indices below a capacity, taken and given back by any number of threads without locks.
///
/// Its atomics come from `heap_api::sync`, so that the model checker sees them.
pub struct FreeStack {
    // SOLUTION
    /// The tag in the upper half, the first free index or [`NONE`] in the lower. Each exchange raises the tag.
    head: AtomicU64,
    /// For each index: the one below it while it is free, else nothing of meaning. Atomic, since a pop may
    /// read it while the index's owner pushes it; the tag then says that what was read is void.
    next: Box<[AtomicU32]>,
    // STUB: // Your fields, each with its invariant.
    // END
}

impl FreeStack {
    /// A stack in which every index below `capacity` is free.
    pub fn new(capacity: u32) -> Self {
        // SOLUTION
        let next = |index: u32| if index + 1 < capacity { index + 1 } else { NONE };
        let first = if capacity > 0 { 0 } else { NONE };
        Self {
            head: AtomicU64::new(u64::from(first)),
            next: (0..capacity).map(|index| AtomicU32::new(next(index))).collect(),
        }
        // STUB: todo!("ps1.pool.stack_new: {capacity} free indices")
        // END
    }

    /// Takes a free index; `None` only if there was a moment during the call at which no index was free. What was done
    /// before the index was pushed is visible.
    #[inline]
    pub fn pop(&self) -> Option<u32> {
        // SOLUTION
        // Acquire, also on failure: what `next` says was written before the head that is read here.
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let index = head as u32;
            let next = self.next.get(index as usize)?.load(Ordering::Relaxed);
            let after = raised(head, next);
            match self.head.compare_exchange_weak(head, after, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(index),
                Err(now) => head = now,
            }
        }
        // STUB: todo!("ps1.pool.pop: a free index")
        // END
    }

    /// Gives back an index that was popped and is not free. What was done before is visible to who pops it.
    #[inline]
    pub fn push(&self, index: u32) {
        // SOLUTION
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            self.next[index as usize].store(head as u32, Ordering::Relaxed);
            let after = raised(head, index);
            match self.head.compare_exchange_weak(head, after, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
        // STUB: todo!("ps1.pool.push: {index} is free")
        // END
    }
    // SOLUTION

    /// A number that differs after any pop or push, for as long as the tag does not come round.
    fn stamp(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }
    // END
}
// SOLUTION

/// The head that follows `head` and names `index`.
#[inline]
const fn raised(head: u64, index: u32) -> u64 {
    let tag = (head >> 32).wrapping_add(1);
    tag << 32 | index as u64
}
// END

impl fmt::Debug for FreeStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreeStack").finish_non_exhaustive()
    }
}
// SOLUTION

/// The most stripes that a pool has: about as many threads work without meeting at a head.
const STRIPES: u32 = 8;

/// Some of a shared pool's slots, and which of them are free. Aligned to a cache line and its neighbour, so
/// that the heads of two stripes are never fetched together.
#[repr(align(128))]
struct Stripe<T> {
    free: FreeStack,
    /// A slot holds a value while its index is popped; then it is its box's alone.
    slots: Box<[UnsafeCell<MaybeUninit<T>>]>,
}

impl<T> Stripe<T> {
    fn new(capacity: u32) -> Self {
        let slots = (0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit()));
        Self { free: FreeStack::new(capacity), slots: slots.collect() }
    }

    /// Takes a free slot.
    #[inline]
    fn take(&self) -> Option<FreeSlot<'_, T>> {
        self.free.pop().map(|index| FreeSlot { stripe: self, index })
    }
}

/// A slot that was taken and holds no value yet.
struct FreeSlot<'pool, T> {
    stripe: &'pool Stripe<T>,
    index: u32,
}

impl<'pool, T> FreeSlot<'pool, T> {
    #[inline]
    fn fill(self, value: T) -> PoolBox<'pool, T> {
        let Self { stripe, index } = self;
        // SAFETY: the index was popped, so nobody else reaches the slot.
        stripe.slots[index as usize].with_mut(|slot| unsafe { (*slot).write(value) });
        PoolBox { stripe, index, owns: PhantomData }
    }
}

// SAFETY: a slot's value is reached through its one `PoolBox`, which hands out references by the rules of a
// value that it owns; so sharing the stripe only moves values between threads.
unsafe impl<T: Send> Sync for Stripe<T> {}
// END

/// A pool that threads share.
///
/// Its cells come from `heap_api::sync` too. A value that is never dropped, since its box was forgotten, keeps
/// its slot.
pub struct SharedPool<T> {
    // SOLUTION
    /// At most [`STRIPES`], none of them empty; together they have the pool's capacity.
    stripes: Box<[Stripe<T>]>,
    // STUB: // Your fields, each with its invariant. This one only says that the pool owns values of `T`: replace it.
    // STUB: owns: core::marker::PhantomData<T>,
    // END
}

// SAFETY: a value is reached through its one `PoolBox`, so the pool only moves values between threads.
unsafe impl<T: Send> Send for SharedPool<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedPool<T> {}

impl<T> SharedPool<T> {
    /// A pool of `capacity` free slots, for all of which it may take memory here.
    pub fn new(capacity: u32) -> Self {
        // SOLUTION
        let count = STRIPES.min(capacity);
        let stripes = (0..count).map(|stripe| Stripe::new((capacity + stripe) / count));
        Self { stripes: stripes.collect() }
        // STUB: todo!("ps1.pool.shared_new: {capacity} free slots")
        // END
    }

    /// Moves a value into a slot, where it stays for as long as the box lives.
    ///
    /// # Errors
    ///
    /// [`Full`], with the value, only if there was a moment during the call at which every slot was taken.
    #[inline]
    pub fn insert(&self, value: T) -> Result<PoolBox<'_, T>, Full<T>> {
        // SOLUTION
        match self.free_slot() {
            Some(slot) => Ok(slot.fill(value)),
            None => Err(Full(value)),
        }
        // STUB: todo!("ps1.pool.shared_insert: a free slot for {} bytes {:?}", size_of_val(&value), self.owns)
        // END
    }

    /// How many slots there are.
    pub fn capacity(&self) -> usize {
        // SOLUTION
        self.stripes.iter().map(|stripe| stripe.slots.len()).sum()
        // STUB: todo!("ps1.pool.shared_capacity: how many slots there are")
        // END
    }
    // SOLUTION

    /// A slot of the thread's own stripe, so that threads rarely meet; else one of another's.
    #[inline]
    fn free_slot(&self) -> Option<FreeSlot<'_, T>> {
        let home = thread::ordinal().checked_rem(self.stripes.len())?;
        self.stripes[home].take().or_else(|| self.free_slot_elsewhere(home))
    }

    /// Looks through all stripes until it finds a free slot or has seen that there was none.
    ///
    /// That each stripe was empty when it was looked at does not mean that all were at once: a slot may have
    /// come back to one that had been passed, and another gone from one that had not. But a stripe whose
    /// stamp is the same before and after was empty all the while (Afek's double collect). For that, a pop
    /// releases: who sees it sees every push before it.
    #[cold]
    fn free_slot_elsewhere(&self, home: usize) -> Option<FreeSlot<'_, T>> {
        let (others, own) = (&self.stripes[home..], &self.stripes[..home]);
        loop {
            let before = self.stamps();
            if let Some(slot) = others.iter().chain(own).find_map(Stripe::take) {
                return Some(slot);
            }
            if self.stamps() == before {
                return None;
            }
        }
    }

    fn stamps(&self) -> [u64; STRIPES as usize] {
        let mut stamps = [0; STRIPES as usize];
        for (stamp, stripe) in stamps.iter_mut().zip(&self.stripes) {
            *stamp = stripe.free.stamp();
        }
        stamps
    }
    // END
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
    // SOLUTION
    stripe: &'pool Stripe<T>,
    /// Popped, so that the slot is this box's and holds its value.
    index: u32,
    /// Without it, sharing a box would ask no more of `T` than sharing the pool does.
    owns: PhantomData<T>,
    // STUB: // Your fields, each with its invariant. This one only says that the box borrows the pool, and owns a `T`:
    // STUB: // replace it.
    // STUB: pool: core::marker::PhantomData<(&'pool SharedPool<T>, T)>,
    // END
}

impl<T> PoolBox<'_, T> {
    /// Moves the value out and frees the slot. Called as `PoolBox::take(boxed)`, so that it hides no method
    /// of the value's.
    #[inline]
    pub fn take(boxed: Self) -> T {
        // SOLUTION
        // Its drop would drop the value as well.
        let boxed = ManuallyDrop::new(boxed);
        // SAFETY: the slot holds this box's value, and is free from the next line on.
        let value = boxed.stripe.slots[boxed.index as usize].with(|slot| unsafe { (*slot).assume_init_read() });
        boxed.stripe.free.push(boxed.index);
        value
        // STUB: todo!("ps1.pool.take: the value out of {:?}, without dropping it", boxed.pool)
        // END
    }
}

impl<T> Deref for PoolBox<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SOLUTION
        // SAFETY: the slot holds this box's value, which lives and stays as long as the box.
        self.stripe.slots[self.index as usize].with(|slot| unsafe { (*slot).assume_init_ref() })
        // STUB: todo!("ps1.pool.deref: the value in its slot")
        // END
    }
}

impl<T> DerefMut for PoolBox<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SOLUTION
        // SAFETY: as above, and the box is borrowed for as long as the reference lives.
        self.stripe.slots[self.index as usize].with_mut(|slot| unsafe { (*slot).assume_init_mut() })
        // STUB: todo!("ps1.pool.deref_mut: the value in its slot")
        // END
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
        // SOLUTION
        // SAFETY: the slot holds this box's value, and nobody reads it after this.
        self.stripe.slots[self.index as usize].with_mut(|slot| unsafe { (*slot).assume_init_drop() });
        self.stripe.free.push(self.index);
        // STUB: todo!("ps1.pool.box_drop: drop the value, then push the slot")
        // END
    }
}
