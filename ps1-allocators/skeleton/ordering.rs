//! Extra credit: memory ordering, from three sides.
//!
//! ```text
//!   ring      producer ─ tail ─► │ 7 │ 8 │ 9 │   │ ─ head ─► consumer
//!   seqlock   odd while written; a reader that saw two different numbers reads again
//!   litmus    P0: x=1; r0=y     P1: y=1; r1=x      may r0 = r1 = 0?   SC no, TSO yes, relaxed yes
//! ```
//!
//! Use the weakest orderings that still pass: an ordering that can be weakened without a check failing is
//! one that you could not explain.
//!
//! Sources: M. Bos, *Rust Atomics and Locks*, chapters 2 and 3; H. Boehm, "Can seqlocks get along with
//! programming language memory models?", MSPC 2012; J. Alglave et al., "Herding cats", TOPLAS 2014;
//! P. Sewell et al., "x86-TSO", CACM 53(7), 2010.

/// A ring of numbers between one producer and one consumer. Write it with `heap_api::sync`.
#[derive(Debug)]
pub struct Ring {}

impl Ring {
    /// Room for `capacity` numbers, a power of two.
    pub fn new(capacity: usize) -> Self {
        todo!("ps1.ordering.ring_new: room for {capacity}")
    }

    /// Puts a number in, if there is room. Called by one thread at a time.
    pub fn push(&self, value: u64) -> bool {
        todo!("ps1.ordering.push: {value}")
    }

    /// Takes the oldest out. Called by one thread at a time.
    pub fn pop(&self) -> Option<u64> {
        todo!("ps1.ordering.pop: the oldest")
    }
}

/// A pair of numbers that readers see whole. One thread writes at a time. Write it with `heap_api::sync`.
#[derive(Debug)]
pub struct SeqLock {}

impl SeqLock {
    /// Holds `value`.
    pub fn new(value: [u64; 2]) -> Self {
        todo!("ps1.ordering.seqlock_new: {value:?}")
    }

    /// Replaces the value.
    pub fn write(&self, value: [u64; 2]) {
        todo!("ps1.ordering.write: {value:?}")
    }

    /// The value, or `None` if a write came in between.
    pub fn try_read(&self) -> Option<[u64; 2]> {
        todo!("ps1.ordering.try_read: number, value, number again")
    }
}

/// A machine's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// Sequential consistency: the threads' operations interleave.
    Sc,
    /// Total store order: each thread's stores wait in a FIFO that its own loads look into first.
    Tso,
    /// Operations on different variables may be carried out in any order, unless a fence is between them;
    /// every store is seen by all threads at once.
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

/// All outcomes of `threads` under `model`: the registers, thread by thread, in order of their loads. Sorted,
/// each once.
pub fn outcomes(threads: &[Vec<Litmus>], model: Model) -> Vec<Vec<u64>> {
    todo!("ps1.ordering.outcomes: run {threads:?} under {model:?} in every way")
}
