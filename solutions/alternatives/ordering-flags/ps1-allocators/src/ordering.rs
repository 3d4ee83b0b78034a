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
//!
//! # Another design
//!
//! *Ring:* no counts are shared. Each slot has a flag that says whose it is, and each end knows its next slot.
//!
//! ```text
//!   full   │ yes │ yes │ no  │ no  │      producer waits for `no`,  writes, says `yes` (Release)
//!   value  │  8  │  9  │     │     │      consumer waits for `yes`, takes,  says `no`  (Release)
//! ```
//!
//! *Seqlock:* no fences. The writer's stores of the data carry the odd version themselves (Release), and the
//! reader's loads take it (Acquire).
//!
//! *Litmus:* store buffers as the processor's manual draws them, and states layer by layer: each step carries
//! out one operation or drains one store, so a state never comes back in a later layer with the same count of
//! both, and only the present layer has to be remembered.

use heap_api::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use heap_api::sync::atomic::{AtomicBool, AtomicU64};
use heap_api::sync::{Arc, UnsafeCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One place in a ring.
struct Slot<T> {
    /// Whether the consumer may take; otherwise the producer may write.
    full: AtomicBool,
    value: UnsafeCell<Option<T>>,
}

/// The slots of one ring.
struct Slots<T>(Box<[Slot<T>]>);

// SAFETY: a slot's value is touched by the producer while `full` is false and by the consumer while it is true;
// each says so to the other with Release and hears it with Acquire.
unsafe impl<T: Send> Sync for Slots<T> {}

/// The end of a ring where values go in. There is one for each ring.
pub struct Producer<T> {
    slots: Arc<Slots<T>>,
    /// Where the next value goes.
    next: usize,
}

/// The end of a ring where values come out. There is one for each ring.
pub struct Consumer<T> {
    slots: Arc<Slots<T>>,
    /// Where the oldest value is.
    next: usize,
}

/// A ring with room for `capacity` values, a power of two. What is left in it is dropped with its second end.
pub fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    let slot = |_| Slot { full: AtomicBool::new(false), value: UnsafeCell::new(None) };
    let slots = Arc::new(Slots((0..capacity).map(slot).collect()));
    (Producer { slots: slots.clone(), next: 0 }, Consumer { slots, next: 0 })
}

impl<T> Producer<T> {
    /// Puts a value in behind all others.
    ///
    /// # Errors
    ///
    /// Gives the value back if there is no room.
    pub fn push(&mut self, value: T) -> Result<(), T> {
        let slots = &self.slots.0;
        let slot = &slots[self.next];
        if slot.full.load(Acquire) {
            return Err(value);
        }
        // SAFETY: the slot is empty, so it is ours until we say otherwise.
        slot.value.with_mut(|place| unsafe { *place = Some(value) });
        slot.full.store(true, Release);
        self.next = (self.next + 1) % slots.len();
        Ok(())
    }
}

impl<T> Consumer<T> {
    /// Takes the oldest value out, if there is one.
    pub fn pop(&mut self) -> Option<T> {
        let slots = &self.slots.0;
        let slot = &slots[self.next];
        if !slot.full.load(Acquire) {
            return None;
        }
        // SAFETY: the slot is full, so it is ours until we say otherwise.
        let value = slot.value.with_mut(|place| unsafe { (*place).take() });
        slot.full.store(false, Release);
        self.next = (self.next + 1) % slots.len();
        value
    }
}

/// A pair of numbers that readers see whole, and never wait for. One thread writes at a time.
pub struct SeqLock {
    /// Odd while a write is under way.
    version: AtomicU64,
    first: AtomicU64,
    second: AtomicU64,
}

impl SeqLock {
    /// Holds `value`.
    pub fn new([first, second]: [u64; 2]) -> Self {
        Self { version: AtomicU64::new(0), first: AtomicU64::new(first), second: AtomicU64::new(second) }
    }

    /// Replaces the value.
    pub fn write(&self, [first, second]: [u64; 2]) {
        let version = self.version.load(Relaxed);
        self.version.store(version.wrapping_add(1), Relaxed);
        // Release: who reads one of these sees the odd version.
        self.first.store(first, Release);
        self.second.store(second, Release);
        self.version.store(version.wrapping_add(2), Release);
    }

    /// The value, or `None` if a write came in between.
    pub fn try_read(&self) -> Option<[u64; 2]> {
        let before = self.version.load(Acquire);
        // Acquire: after a value of a later write, the last load sees that write's odd version.
        let value = [self.first.load(Acquire), self.second.load(Acquire)];
        let after = self.version.load(Relaxed);
        (before == after && before & 1 == 0).then_some(value)
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
    let machine = Machine {
        waiting: threads.iter().map(|thread| (0..thread.len()).collect()).collect(),
        buffers: vec![VecDeque::new(); threads.len()],
        memory: BTreeMap::new(),
        loaded: threads.iter().map(|thread| vec![0; thread.len()]).collect(),
    };
    let mut outcomes = BTreeSet::new();
    let mut layer = BTreeSet::from([machine]);
    while !layer.is_empty() {
        let mut next = BTreeSet::new();
        for machine in layer {
            if machine.waiting.iter().all(Vec::is_empty) {
                outcomes.insert(machine.registers(threads));
            } else {
                machine.steps(threads, model, &mut next);
            }
        }
        layer = next;
    }
    outcomes.into_iter().collect()
}

/// A machine in the middle of a test.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Machine {
    /// For each thread, which operations are still to be issued, in the order of the program.
    waiting: Vec<Vec<usize>>,
    /// For each thread, the stores that only it can see, the oldest first. Empty but under TSO.
    buffers: Vec<VecDeque<(u8, u64)>>,
    memory: BTreeMap<u8, u64>,
    /// What each operation loaded, 0 for all others.
    loaded: Vec<Vec<u64>>,
}

impl Machine {
    /// Adds what one more step leads to.
    fn steps(&self, threads: &[Vec<Litmus>], model: Model, next: &mut BTreeSet<Machine>) {
        for (thread, program) in threads.iter().enumerate() {
            let last = if model == Model::Relaxed { self.waiting[thread].len() } else { 1 };
            for place in 0..last.min(self.waiting[thread].len()) {
                let overtaken = &self.waiting[thread][..place];
                let issued = self.waiting[thread][place];
                if overtaken.iter().all(|other| independent(program[*other], program[issued])) {
                    next.extend(self.issue(thread, place, program[issued], model));
                }
            }
            if let Some((variable, value)) = self.buffers[thread].front().copied() {
                let mut drained = self.clone();
                drained.buffers[thread].pop_front();
                drained.memory.insert(variable, value);
                next.insert(drained);
            }
        }
    }

    /// Issues one of the waiting operations; not a fence before a store that is still in the buffer.
    fn issue(&self, thread: usize, place: usize, operation: Litmus, model: Model) -> Option<Machine> {
        let mut issued = self.clone();
        let index = issued.waiting[thread].remove(place);
        match operation {
            Litmus::Fence if !self.buffers[thread].is_empty() => return None,
            Litmus::Fence => {}
            Litmus::Store(variable, value) if model == Model::Tso => {
                issued.buffers[thread].push_back((variable, value));
            }
            Litmus::Store(variable, value) => {
                issued.memory.insert(variable, value);
            }
            Litmus::Load(variable) => {
                let own = self.buffers[thread].iter().rev().find(|(other, _)| *other == variable);
                let value = own.map(|(_, value)| value).or_else(|| self.memory.get(&variable));
                issued.loaded[thread][index] = value.copied().unwrap_or(0);
            }
        }
        Some(issued)
    }

    fn registers(&self, threads: &[Vec<Litmus>]) -> Vec<u64> {
        let all = threads.iter().flatten().zip(self.loaded.iter().flatten());
        all.filter(|(operation, _)| matches!(operation, Litmus::Load(_))).map(|(_, value)| *value).collect()
    }
}

/// Whether two operations of one thread may change places on the relaxed machine.
fn independent(one: Litmus, other: Litmus) -> bool {
    let variable = |operation| match operation {
        Litmus::Store(variable, _) | Litmus::Load(variable) => Some(variable),
        Litmus::Fence => None,
    };
    matches!((variable(one), variable(other)), (Some(one), Some(other)) if one != other)
}
