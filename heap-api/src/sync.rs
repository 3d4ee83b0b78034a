//! The standard library's primitives, or loom's under the feature `loom`: only what both have.
//!
//! Write concurrent code against this module, and the grader runs it on real threads and under loom's
//! model checker alike. What to know of loom 0.7: it takes `SeqCst` loads and stores for `AcqRel`, and it
//! does not explore load buffering, so a pass is no proof about those two.

#[cfg(feature = "loom")]
pub use loom::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock};
#[cfg(not(feature = "loom"))]
pub use std::sync::{Arc, Condvar, Mutex, MutexGuard, RwLock};

#[cfg(not(feature = "loom"))]
mod spin;
#[cfg(feature = "loom")]
mod spin_model;
#[cfg(feature = "loom")]
mod watched;

#[cfg(not(feature = "loom"))]
pub use spin::SpinLock;
#[cfg(feature = "loom")]
pub use spin_model::SpinLock;

/// Atomics. Under loom, each ordering that is asked for is noted in `ordering_sites`.
pub mod atomic {
    #[cfg(feature = "loom")]
    pub use super::watched::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
    #[cfg(not(feature = "loom"))]
    pub use core::sync::atomic::{
        AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
    };
}

/// A cell whose accesses loom watches: two threads that touch it unordered fail the model.
///
/// It is loom's interface, since that one can be watched; under std it compiles to plain accesses.
#[cfg(feature = "loom")]
pub use loom::cell::UnsafeCell;

/// A cell whose accesses loom watches: two threads that touch it unordered fail the model.
///
/// It is loom's interface, since that one can be watched; under std it compiles to plain accesses.
#[cfg(not(feature = "loom"))]
#[derive(Debug, Default)]
pub struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

#[cfg(not(feature = "loom"))]
impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    pub const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    /// Runs `read` on the contents. Dereferencing the pointer is the caller's `unsafe`.
    #[inline]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Runs `write` on the contents. Dereferencing the pointer is the caller's `unsafe`.
    #[inline]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }

    /// Takes the contents out.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

/// Tells the processor, or loom's scheduler, that this thread waits for another.
#[inline]
pub fn spin_loop() {
    #[cfg(feature = "loom")]
    loom::hint::spin_loop();
    #[cfg(not(feature = "loom"))]
    core::hint::spin_loop();
}
