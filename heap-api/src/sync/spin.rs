//! A lock without a queue, for sections of some nanoseconds.

use super::atomic::{AtomicBool, Ordering};
use super::{UnsafeCell, spin_loop};
use core::fmt;
use std::thread::yield_now;

/// How often a waiting thread looks before it gives its processor away: whoever holds the lock may have lost
/// its own.
const LOOKS: u32 = 100;

/// A value that one thread at a time may touch.
///
/// Taking it is one exchange, giving it back one store. It is a byte, with no queue, no owner and no memory from
/// the system. In a model it is loom's mutex, since there waiting by looking never ends.
pub struct SpinLock<T> {
    held: AtomicBool,
    /// Touched only by the thread that changed `held` to true.
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time reaches the value, so sharing the lock only moves the value between threads.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// An open lock around `value`.
    pub const fn new(value: T) -> Self {
        Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Runs `body` on the value while no other thread does. Waits for ever if `body` enters the same lock.
    #[inline]
    pub fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        while self.held.swap(true, Ordering::Acquire) {
            self.wait();
        }
        let _held = Held(&self.held);
        // SAFETY: `held` was false before and is true until `_held` is dropped, so nobody else is here.
        self.value.with_mut(|value| body(unsafe { &mut *value }))
    }

    /// Returns when the lock looks open, or after a while.
    #[cold]
    fn wait(&self) {
        for _ in 0..LOOKS {
            if !self.held.load(Ordering::Relaxed) {
                return;
            }
            spin_loop();
        }
        yield_now();
    }
}

impl<T> fmt::Debug for SpinLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinLock").finish_non_exhaustive()
    }
}

/// Opens the lock, also if the body panics.
struct Held<'l>(&'l AtomicBool);

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_of_two_threads_is_lost() {
        let count = SpinLock::new(0_u64);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..100_000).for_each(|_| count.with(|count| *count += 1)));
            }
        });
        assert_eq!(count.with(|count| *count), 200_000);
    }

    #[test]
    fn a_panic_leaves_the_lock_open() {
        let lock = SpinLock::new(7);
        let panicked =
            std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| lock.with(|_| panic!("inside"))));
        assert!(panicked.is_err());
        assert_eq!(lock.with(|value| *value), 7);
    }
}
