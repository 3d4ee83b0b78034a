//! Calling the answers to the exercises, in a process that must not suffer from them.

use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, Ordering};
use std::any::Any;
use std::panic::catch_unwind;
use std::sync::OnceLock;

/// One exercise's part in the profiler: used until it panics, and no more after that.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    broken: AtomicBool,
    said: OnceLock<String>,
}

impl Attempt {
    pub(super) const fn new() -> Self {
        Self { broken: AtomicBool::new(false), said: OnceLock::new() }
    }

    /// Runs `work`, unless this part broke before. `None` if it is or gets broken.
    #[inline]
    pub(super) fn run<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        if self.broken.load(Ordering::Relaxed) {
            return None;
        }
        // What a panic may leave half done is not looked at again.
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| self.breaks(payload.as_ref())).ok()
    }

    #[cold]
    fn breaks(&self, payload: &(dyn Any + Send)) {
        self.broken.store(true, Ordering::Relaxed);
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        self.said.get_or_init(|| text.unwrap_or("panicked").to_owned());
    }

    /// What the panic said, if there was one.
    pub(super) fn said(&self) -> Option<&str> {
        self.said.get().map(String::as_str)
    }
}
