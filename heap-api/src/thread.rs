//! Threads: the standard library's, or loom's under the feature `loom`.

#[cfg(feature = "loom")]
pub use loom::thread::{JoinHandle, spawn, yield_now};
#[cfg(not(feature = "loom"))]
pub use std::thread::{JoinHandle, spawn, yield_now};

/// The running thread's number: 0, 1, 2 … in the order in which threads first ask, for choosing among
/// several of something. It says nothing of who runs where, and it is never used again.
#[cfg(not(feature = "loom"))]
#[inline]
pub fn ordinal() -> usize {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::cell::Cell;

    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        /// Constant-initialised and without a destructor, so that a read costs no more than an address.
        static OWN: Cell<usize> = const { Cell::new(UNKNOWN) };
    }
    const UNKNOWN: usize = usize::MAX;

    let own = OWN.get();
    if own != UNKNOWN {
        return own;
    }
    let own = NEXT.fetch_add(1, Ordering::Relaxed);
    OWN.set(own);
    own
}

/// The running thread's number: under loom, 0 for the model itself, and 1, 2 … for the threads in the order
/// in which it starts them, so that every interleaving has the same.
#[cfg(feature = "loom")]
pub fn ordinal() -> usize {
    // Loom tells the number in this way only.
    let id = format!("{:?}", loom::thread::current().id());
    id.chars().filter_map(|digit| digit.to_digit(10)).fold(0, |number, digit| number * 10 + digit as usize)
}

#[cfg(all(test, not(feature = "loom")))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_number_and_another_one_has_another() {
        let own = ordinal();
        assert_eq!(ordinal(), own);
        let other = spawn(|| (ordinal(), ordinal())).join().expect("the thread ends");
        assert!(other.0 != own && other.0 == other.1);
    }
}
