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

use std::marker::PhantomData;

/// The end of a ring where values go in. There is one for each ring.
pub struct Producer<T> {
    // Your fields, each with its invariant.
    _values: PhantomData<T>,
}

/// The end of a ring where values come out. There is one for each ring.
pub struct Consumer<T> {
    // Your fields, each with its invariant.
    _values: PhantomData<T>,
}

/// A ring with room for `capacity` values, a power of two. What is left in it is dropped with its second end.
pub fn ring<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    todo!("ps1.ordering.ring: room for {capacity}")
}

impl<T> Producer<T> {
    /// Puts a value in behind all others.
    ///
    /// # Errors
    ///
    /// Gives the value back if there is no room.
    pub fn push(&mut self, value: T) -> Result<(), T> {
        let _ = value;
        todo!("ps1.ordering.push: put the value in, or give it back")
    }
}

impl<T> Consumer<T> {
    /// Takes the oldest value out, if there is one.
    pub fn pop(&mut self) -> Option<T> {
        todo!("ps1.ordering.pop: take the oldest out")
    }
}

/// A pair of numbers that readers see whole, and never wait for. One thread writes at a time.
pub struct SeqLock {
    // Your fields, each with its invariant.
}

impl SeqLock {
    /// Holds `value`.
    pub fn new(value: [u64; 2]) -> Self {
        todo!("ps1.ordering.seqlock_new: hold {value:?}")
    }

    /// Replaces the value.
    pub fn write(&self, value: [u64; 2]) {
        todo!("ps1.ordering.write: replace the value by {value:?}")
    }

    /// The value, or `None` if a write came in between.
    pub fn try_read(&self) -> Option<[u64; 2]> {
        todo!("ps1.ordering.try_read: the value, if no write came in between")
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
    todo!("ps1.ordering.outcomes: run {threads:?} under {model:?} in every way")
}
