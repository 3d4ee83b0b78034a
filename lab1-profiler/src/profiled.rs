//! The profiler as a Rust program's global allocator, for programs into which nothing can be preloaded.
//!
//! ```no_run
//! use lab1_profiler::profiled::Profiled;
//! use std::alloc::System;
//!
//! #[global_allocator]
//! static HEAP: Profiled<System> = Profiled::new(&System);
//! # fn main() {}
//! ```
//!
//! It profiles where `profile run --built-in` starts the program, and hands everything on otherwise. What the profiler
//! itself needs comes from the same heap, unseen. Stacks are followed by frame pointers, which the program has to be
//! built with: `RUSTFLAGS=-Cforce-frame-pointers=yes`. A program that ends by `_exit`, by a signal or by becoming another
//! one leaves what it had told by then: unlike a preloaded library, an allocator does not hear of that.

use crate::runtime::{Config, Runtime, Start, State, errno};
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::ptr::{NonNull, null};
use heap_api::PerProcess;

/// A heap with the profiler before it.
pub struct Profiled<A: 'static> {
    heap: &'static A,
    /// `None` where nothing is to be profiled.
    runtime: PerProcess<Option<Runtime<A>>>,
}

std::thread_local! {
    /// Whether a call is being served: what comes meanwhile is the profiler's own. Neither of the two has a destructor,
    /// as threads allocate after theirs have run.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// The thread's state, and of which runtime: a forked child finds its parent's here.
    static STATE: Cell<(*const (), *const State)> = const { Cell::new((null(), null())) };
}

impl<A: GlobalAlloc + Sync + 'static> Profiled<A> {
    /// Stands before `heap`.
    pub const fn new(heap: &'static A) -> Self {
        Self { heap, runtime: PerProcess::new() }
    }

    /// Serves a call by `profiled`, or by `plain` where it is the profiler's own, nothing is to be profiled, or `profiled`
    /// lets it pass.
    fn serve<R>(
        &self,
        profiled: impl FnOnce(&'static Runtime<A>, &'static State) -> Option<R>,
        plain: impl FnOnce(&'static A) -> R,
    ) -> R {
        if INSIDE.replace(true) {
            return plain(self.heap);
        }
        let before = errno::get();
        let result = self.runtime().and_then(|runtime| profiled(runtime, state(runtime)));
        let result = result.unwrap_or_else(|| plain(self.heap));
        // A program may free between a call that failed and asking why.
        errno::set(before);
        INSIDE.set(false);
        result
    }

    fn runtime(&self) -> Option<&'static Runtime<A>> {
        let make = || {
            let runtime = Config::of_process()?.map(|config| Runtime::new(self.heap, config, true));
            let profiles = runtime.is_some();
            let runtime = Box::leak(Box::new(runtime));
            if profiles {
                let runtime: *const Option<Runtime<A>> = runtime;
                // SAFETY: `ending` takes what it is given here. The first allocation comes before any other
                // registration, so this is the last to run.
                unsafe { __cxa_atexit(ending::<A>, runtime.cast_mut().cast(), core::ptr::null_mut()) };
            }
            Some(NonNull::from(runtime))
        };
        // SAFETY: leaked.
        unsafe { self.runtime.get_or_make(make) }?.as_ref()
    }
}

unsafe extern "C" {
    fn __cxa_atexit(run: extern "C" fn(*mut c_void), with: *mut c_void, library: *mut c_void) -> c_int;
}

extern "C" fn ending<A: GlobalAlloc + Sync + 'static>(runtime: *mut c_void) {
    // SAFETY: registered with it, and leaked.
    let runtime = unsafe { &*runtime.cast::<Option<Runtime<A>>>() };
    // A forked child has inherited its parent's registration.
    if let Some(runtime) = runtime.as_ref().filter(|runtime| runtime.is_own()) {
        let was_inside = INSIDE.replace(true);
        runtime.write(true);
        INSIDE.set(was_inside);
    }
}

fn state<A: GlobalAlloc + Sync>(runtime: &'static Runtime<A>) -> &'static State {
    let of = (&raw const *runtime).cast();
    let (owner, state) = STATE.get();
    if core::ptr::addr_eq(owner, of) {
        // SAFETY: it is set below alone, and states stay.
        return unsafe { &*state };
    }
    let state = runtime.join();
    STATE.set((of, state));
    state
}

// SAFETY: every block is the heap's, and the runtime catches the panics of what it calls.
unsafe impl<A: GlobalAlloc + Sync + 'static> GlobalAlloc for Profiled<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = start::<A>();
        self.serve(
            |runtime, state| {
                let passes = runtime.passes_allocation(state, layout.size());
                (!passes).then(|| runtime.allocate(state, start, layout, false))
            },
            // SAFETY: the caller's contract.
            |heap| unsafe { heap.alloc(layout) },
        )
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let start = start::<A>();
        self.serve(
            |runtime, state| {
                let passes = runtime.passes_allocation(state, layout.size());
                (!passes).then(|| runtime.allocate(state, start, layout, true))
            },
            // SAFETY: the caller's contract.
            |heap| unsafe { heap.alloc_zeroed(layout) },
        )
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.serve(
            |runtime, state| {
                let known = NonNull::new(block).filter(|_| !runtime.passes_free(state, block))?;
                // SAFETY: the caller's contract.
                unsafe { runtime.free(state, known, layout) };
                Some(())
            },
            // SAFETY: the caller's contract.
            |heap| unsafe { heap.dealloc(block, layout) },
        );
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = start::<A>();
        self.serve(
            |runtime, state| {
                let passes = runtime.passes_reallocation(state, block, size);
                let known = NonNull::new(block).filter(|_| !passes)?;
                // SAFETY: the caller's contract.
                Some(unsafe { runtime.reallocate(state, start, known, layout, size) })
            },
            // SAFETY: the caller's contract.
            |heap| unsafe { heap.realloc(block, layout, size) },
        )
    }
}

/// The frame that this is inlined into, and as where it was called from a place in the allocator itself: who called
/// that follows in the chain, if there is one.
#[inline(always)]
fn start<A: GlobalAlloc + Sync + 'static>() -> Start {
    let frame: usize;
    // SAFETY: reads a register.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        core::arch::asm!("mov {}, rbp", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    // SAFETY: reads a register.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        core::arch::asm!("mov {}, x29", out(reg) frame, options(nomem, nostack, preserves_flags));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        frame = 0;
    }
    let own: unsafe fn(&Profiled<A>, Layout) -> *mut u8 = <Profiled<A> as GlobalAlloc>::alloc;
    // Return addresses are looked up by the byte before.
    Start { frame, returns_to: own as usize + 1 }
}
