//! What stands for the spin lock in a model: loom runs one thread at a time, and looking lets no other run.

use super::Mutex;
use core::fmt;
use std::sync::PoisonError;

/// A value that one thread at a time may touch: loom's mutex, with the interface of the spin lock.
pub struct SpinLock<T>(Mutex<T>);

impl<T> SpinLock<T> {
    /// An open lock around `value`.
    pub fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Runs `body` on the value while no other thread does. Waits for ever if `body` enters the same lock.
    pub fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        body(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> fmt::Debug for SpinLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinLock").finish_non_exhaustive()
    }
}
