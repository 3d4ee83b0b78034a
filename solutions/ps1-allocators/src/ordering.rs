//! Extra credit: memory ordering, from three sides.
//!
//! ```text
//!   ring      Producer ──push──► │ 7 │ 8 │ 9 │   │ ──pop──► Consumer      two threads, no lock
//!                                  ▲head       ▲tail
//!   seqlock   write:   version odd,  data, version even                   one writer, any readers
//!             read:    version,      data, version again: even and the same, or no value
//!   litmus    P0: x=1; r0=y        P1: y=1; r1=x                          may r0 = r1 = 0?
//!             SC no, TSO yes, relaxed yes
//! ```
//!
//! Ask for the weakest orderings that still pass: an ordering that can be weakened by a step without a model
//! failing is one that you could not explain. Write the first two with `heap_api::sync`, without locks.
//!
//! Sources: M. Bos, *Rust Atomics and Locks*, chapters 2 and 3; L. Lamport, "Specifying concurrent program
//! modules", TOPLAS 5(2), 1983 (the ring); H. Boehm, "Can seqlocks get along with programming language
//! memory models?", MSPC 2012; P. Sewell et al., "x86-TSO", CACM 53(7), 2010; J. Alglave et al., "Herding
//! cats", TOPLAS 36(2), 2014 (the tests' names).
// SOLUTION
//!
//! # How this one does it
//!
//! The ring's two counts only grow; a value's slot is its number modulo the capacity. Each side stores its
//! own count, and so knows it without loading it. A slot is the consumer's while `head <= number < tail`,
//! and the producer's otherwise; a count's Release store hands slots over, an Acquire load takes them.
//!
//! ```text
//!   producer   writes slot n │ tail.store(n + 1, Release)            head.load(Acquire) > n │ writes slot n again
//!                            └──────────────┐                            ▲
//!   consumer               tail.load(Acquire) > n │ takes from slot n │ head.store(n + 1, Release)
//! ```
//!
//! The enumerator knows one machine and three rules. Operations wait until they are carried out, at once for
//! all threads; an operation may be carried out while earlier ones of its thread still wait, if it may pass
//! them, and the rule for that is the model. A waiting store that a load has passed is a store in TSO's
//! buffer, so the load takes its value.
// END

// SOLUTION
use heap_api::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use heap_api::sync::atomic::{AtomicU64, AtomicUsize, fence};
use heap_api::sync::{Arc, UnsafeCell};
use std::collections::{BTreeMap, BTreeSet, HashSet};
// STUB: use std::marker::PhantomData;
// END
// SOLUTION

/// What both ends of a ring share.
struct Shared<T> {
    /// A power of two of them. The value with number `n` goes through slot `n % slots.len()`.
    slots: Box<[UnsafeCell<Option<T>>]>,
    /// Values taken out so far, wrapping. Stored by the consumer alone.
    head: AtomicUsize,
    /// Values put in so far, wrapping; `head..tail`, at most `slots.len()` of them, are in the ring. Stored by
    /// the producer alone.
    tail: AtomicUsize,
}

impl<T> Shared<T> {
    /// The slot of value number `number`.
    fn slot(&self, number: usize) -> &UnsafeCell<Option<T>> {
        &self.slots[number & (self.slots.len() - 1)]
    }
}

// SAFETY: there is one producer and one consumer, each used by one thread at a time, and no slot is both's
// at once (see `push` and `pop`). A value moves from one thread to another, so it has to be `Send`.
unsafe impl<T: Send> Sync for Shared<T> {}
// END

/// The end of a ring where values go in. There is one for each ring.
pub struct Producer<T> {
    // SOLUTION
    shared: Arc<Shared<T>>,
    /// The same as `shared.tail`.
    tail: usize,
    // STUB: // Your fields, each with its invariant.
    // STUB: _values: PhantomData<T>,
    // END
}

/// The end of a ring where values come out. There is one for each ring.
pub struct Consumer<T> {
    // SOLUTION
    shared: Arc<Shared<T>>,
    /// The same as `shared.head`.
    head: usize,
    // STUB: // Your fields, each with its invariant.
    // STUB: _values: PhantomData<T>,
    // END
}

/// A ring with room for `capacity` values, a power of two. What is left in it is dropped with its second end.
pub fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    // SOLUTION
    assert!(capacity.is_power_of_two(), "a ring has room for a power of two, not for {capacity}");
    let slots = (0..capacity).map(|_| UnsafeCell::new(None)).collect();
    let shared = Arc::new(Shared { slots, head: AtomicUsize::new(0), tail: AtomicUsize::new(0) });
    (Producer { shared: shared.clone(), tail: 0 }, Consumer { shared, head: 0 })
    // STUB: todo!("ps1.ordering.ring: room for {capacity}")
    // END
}

impl<T> Producer<T> {
    /// Puts a value in behind all others.
    ///
    /// # Errors
    ///
    /// Gives the value back if there is no room.
    pub fn push(&mut self, value: T) -> Result<(), T> {
        // SOLUTION
        let shared = &*self.shared;
        // Acquire: the consumer has taken what was in the slots below `head` before we write to them.
        if self.tail.wrapping_sub(shared.head.load(Acquire)) == shared.slots.len() {
            return Err(value);
        }
        // SAFETY: slot `tail` is outside `head..tail`, so the consumer keeps away from it until the store
        // below, and left it before its own store of `head`, which we have loaded.
        shared.slot(self.tail).with_mut(|slot| unsafe { *slot = Some(value) });
        self.tail = self.tail.wrapping_add(1);
        // Release: who sees the new count sees the value.
        shared.tail.store(self.tail, Release);
        Ok(())
        // STUB: let _ = value;
        // STUB: todo!("ps1.ordering.push: put the value in, or give it back")
        // END
    }
}

impl<T> Consumer<T> {
    /// Takes the oldest value out, if there is one.
    pub fn pop(&mut self) -> Option<T> {
        // SOLUTION
        let shared = &*self.shared;
        // Acquire: the producer has written the slots below `tail` before we read them.
        if self.head == shared.tail.load(Acquire) {
            return None;
        }
        // SAFETY: slot `head` is within `head..tail`, so the producer keeps away from it until the store below,
        // and left it before its own store of `tail`, which we have loaded.
        let value = shared.slot(self.head).with_mut(|slot| unsafe { (*slot).take() });
        self.head = self.head.wrapping_add(1);
        // Release: who sees the new count may write to the slot, and our read comes before.
        shared.head.store(self.head, Release);
        value
        // STUB: todo!("ps1.ordering.pop: take the oldest out")
        // END
    }
}

/// A pair of numbers that readers see whole, and never wait for. One thread writes at a time.
pub struct SeqLock {
    // SOLUTION
    /// Even while `data` is whole, odd while it is replaced.
    version: AtomicU64,
    /// Atomic, since a reader may look while the writer writes. It then gives up what it saw, but with plain
    /// memory the look alone would be a data race.
    data: [AtomicU64; 2],
    // STUB: // Your fields, each with its invariant.
    // END
}

impl SeqLock {
    /// Holds `value`.
    pub fn new(value: [u64; 2]) -> Self {
        // SOLUTION
        Self { version: AtomicU64::new(0), data: value.map(AtomicU64::new) }
        // STUB: todo!("ps1.ordering.seqlock_new: hold {value:?}")
        // END
    }

    /// Replaces the value.
    pub fn write(&self, value: [u64; 2]) {
        // SOLUTION
        // Relaxed: this thread is the only one that stores it.
        let version = self.version.load(Relaxed);
        self.version.store(version.wrapping_add(1), Relaxed);
        // Release: who sees one of the stores below, and then fences, sees the odd version or a later one.
        fence(Release);
        for (word, value) in self.data.iter().zip(value) {
            word.store(value, Relaxed);
        }
        // Release: who sees this version sees the stores above.
        self.version.store(version.wrapping_add(2), Release);
        // STUB: todo!("ps1.ordering.write: replace the value by {value:?}")
        // END
    }

    /// The value, or `None` if a write came in between.
    pub fn try_read(&self) -> Option<[u64; 2]> {
        // SOLUTION
        // Acquire: what that version's writer stored before it is what we see below, or something later.
        let before = self.version.load(Acquire);
        let value = self.data.each_ref().map(|word| word.load(Relaxed));
        // Acquire: if we have seen something later, the load below sees its odd version, or a later one.
        fence(Acquire);
        let after = self.version.load(Relaxed);
        (before == after && before.is_multiple_of(2)).then_some(value)
        // STUB: todo!("ps1.ordering.try_read: the value, if no write came in between")
        // END
    }
}

/// A machine's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// Sequential consistency: the threads' operations interleave.
    Sc,
    /// Total store order: each thread's stores wait in a FIFO, into which its own loads look first. A fence
    /// waits until it is empty.
    Tso,
    /// A thread's operations may be carried out in any order, except that two on one variable keep theirs, and
    /// a fence keeps everything before it before everything after it. Every operation is carried out at once,
    /// for all threads alike.
    Relaxed,
}

/// One operation of a litmus test. Variables are 0 at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Litmus {
    /// Stores a value to a variable.
    Store(u8, u64),
    /// Loads a variable into the thread's next register.
    Load(u8),
    /// Keeps everything before it before everything after it.
    Fence,
}

/// All outcomes of `threads` under `model`: what each load loaded, thread by thread, in the order of the
/// program. Sorted, each once.
pub fn outcomes(threads: &[Vec<Litmus>], model: Model) -> Vec<Vec<u64>> {
    // SOLUTION
    let results = threads.iter().map(|operations| vec![None; operations.len()]).collect();
    let start = State { results, memory: BTreeMap::new() };
    let mut seen = HashSet::from([start.clone()]);
    let mut unvisited = vec![start];
    let mut outcomes = BTreeSet::new();
    while let Some(state) = unvisited.pop() {
        let next = state.successors(threads, model);
        if next.is_empty() {
            outcomes.insert(state.outcome(threads));
        }
        unvisited.extend(next.into_iter().filter(|next| seen.insert(next.clone())));
    }
    outcomes.into_iter().collect()
    // STUB: todo!("ps1.ordering.outcomes: run {threads:?} under {model:?} in every way")
    // END
}
// SOLUTION

/// What a machine knows between two steps.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    /// For each operation of each thread: `None` while it waits; once carried out, what it loaded (0 for a
    /// store or a fence).
    results: Vec<Vec<Option<u64>>>,
    /// What has been stored to each variable last.
    memory: BTreeMap<u8, u64>,
}

impl State {
    /// The states that one more operation leads to. None if all have been carried out: the first that waits
    /// in a thread always can be.
    fn successors(&self, threads: &[Vec<Litmus>], model: Model) -> Vec<State> {
        let mut successors = Vec::new();
        for (thread, operations) in threads.iter().enumerate() {
            for (index, &operation) in operations.iter().enumerate() {
                let mut before = self.waiting(thread, &operations[..index]);
                let ready = before.all(|earlier| may_pass(operation, earlier, model));
                if self.results[thread][index].is_none() && ready {
                    successors.push(self.after(thread, operations, index));
                }
            }
        }
        successors
    }

    /// Those of a thread's first operations that wait, the latest first.
    fn waiting(&self, thread: usize, operations: &[Litmus]) -> impl Iterator<Item = Litmus> {
        let results = operations.iter().zip(&self.results[thread]).rev();
        results.filter(|(_, result)| result.is_none()).map(|(operation, _)| *operation)
    }

    /// The state once the operation at `index` is carried out.
    fn after(&self, thread: usize, operations: &[Litmus], index: usize) -> State {
        let mut next = self.clone();
        let result = match operations[index] {
            Litmus::Load(variable) => {
                // Of the stores that it has passed, the latest is the newest in the thread's buffer.
                let forwarded = self.waiting(thread, &operations[..index]).find_map(|store| match store {
                    Litmus::Store(other, value) if other == variable => Some(value),
                    _ => None,
                });
                forwarded.unwrap_or_else(|| self.memory.get(&variable).copied().unwrap_or(0))
            }
            Litmus::Store(variable, value) => {
                next.memory.insert(variable, value);
                0
            }
            Litmus::Fence => 0,
        };
        next.results[thread][index] = Some(result);
        next
    }

    /// What the loads loaded.
    fn outcome(&self, threads: &[Vec<Litmus>]) -> Vec<u64> {
        let all = threads.iter().flatten().zip(self.results.iter().flatten());
        all.filter(|(operation, _)| matches!(operation, Litmus::Load(_)))
            .filter_map(|(_, result)| *result)
            .collect()
    }
}

/// Whether `later` may be carried out while `earlier`, before it in the same thread, waits.
fn may_pass(later: Litmus, earlier: Litmus, model: Model) -> bool {
    use Litmus::{Fence, Load, Store};
    match (model, earlier, later) {
        (_, Fence, _) | (_, _, Fence) => false,
        (Model::Sc, ..) => false,
        // The store stays in the buffer, and the load looks there first.
        (Model::Tso, earlier, later) => matches!((earlier, later), (Store(..), Load(_))),
        (Model::Relaxed, Load(one) | Store(one, _), Load(other) | Store(other, _)) => one != other,
    }
}
// END
