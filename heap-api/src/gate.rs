//! The way to `#[global_allocator]` that a program survives.

use crate::SharedAllocator;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::{NonNull, null_mut};
use std::alloc::System;
use std::sync::OnceLock;

/// A global allocator that serves from `A` once it is opened, and from the system otherwise.
///
/// An allocator under test that is installed bare takes the whole process with it: the runtime allocates
/// before `main`, the panic machinery while the fault is being told, and the allocator itself perhaps for
/// its own tables. So a gate forwards to [`System`] until [`open`](Self::open), on calls made from within
/// `A`, and while the thread panics. Whose a block is is decided by its address, not by who asks.
pub struct Gate<A> {
    inner: OnceLock<A>,
}

std::thread_local! {
    /// Whether this thread is inside the gated allocator. Constant-initialised and without a destructor,
    /// so that reading it allocates nothing, whenever it is read.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Marks the thread as inside until dropped, also when `A` panics.
struct Inside;

impl Inside {
    /// `None` on a nested call, at a thread's end, and while panicking: those are the system's.
    fn enter() -> Option<Self> {
        if std::thread::panicking() {
            return None;
        }
        INSIDE.try_with(|inside| (!inside.replace(true)).then_some(Self)).ok().flatten()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = INSIDE.try_with(|inside| inside.set(false));
    }
}

/// What a gate asks beside the allocator's own trait: whose a block is.
pub trait Owns {
    /// Whether `ptr` lies in memory that this allocator hands out.
    fn owns(&self, ptr: NonNull<u8>) -> bool;
}

impl<A> Gate<A> {
    /// A closed gate.
    pub const fn new() -> Self {
        Self { inner: OnceLock::new() }
    }

    /// Lets requests through to `allocator` from now on.
    ///
    /// # Errors
    ///
    /// Gives the allocator back if the gate is open already: blocks of the first one may be live.
    pub fn open(&self, allocator: A) -> Result<(), A> {
        self.inner.set(allocator)
    }

    /// The allocator behind the gate, once it is open.
    pub fn inner(&self) -> Option<&A> {
        self.inner.get()
    }
}

impl<A> Default for Gate<A> {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: each block is served and freed by one of two allocators that keep the contract, told apart by
// its address; size zero can't reach here, as `GlobalAlloc` forbids it. A panic in `A` would unwind into
// the caller, which `GlobalAlloc` forbids too: it is stopped at `guarded`.
unsafe impl<A: SharedAllocator + Owns> GlobalAlloc for Gate<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match (self.inner.get(), Inside::enter()) {
            (Some(inner), Some(_inside)) => {
                guarded(|| inner.allocate(layout).map_or(null_mut(), |block| block.cast().as_ptr()))
            }
            // SAFETY: the caller's contract.
            _ => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        match (self.inner.get(), NonNull::new(ptr)) {
            (Some(inner), Some(block)) if inner.owns(block) => {
                let _inside = Inside::enter();
                // SAFETY: the block lies in `A`'s memory, so `A` served it, for this layout.
                let _ = guarded(|| unsafe { inner.deallocate(block, layout) }.is_ok());
            }
            // SAFETY: not `A`'s, so the system's.
            _ => unsafe { System.dealloc(ptr, layout) },
        }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        match (self.inner.get(), NonNull::new(ptr)) {
            (Some(inner), Some(block)) if inner.owns(block) => {
                let _inside = Inside::enter();
                guarded(|| {
                    // SAFETY: as in `dealloc`.
                    let moved = unsafe { inner.reallocate(block, layout, new_size) };
                    moved.map_or(null_mut(), |block| block.cast().as_ptr())
                })
            }
            // SAFETY: not `A`'s, so the system's.
            _ => unsafe { System.realloc(ptr, layout, new_size) },
        }
    }
}

/// Runs `body`; a panic ends the process, after the panic hook has told of it.
fn guarded<R>(body: impl FnOnce() -> R) -> R {
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            std::process::abort();
        }
    }
    let abort = Abort;
    let result = body();
    core::mem::forget(abort);
    result
}
