//! The profiler, before the heap of an unmodified program: named in `LD_PRELOAD` by `profile run`.

#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::PerProcess;
use heap_api::interpose::{Arena, Caller, Interposer, MALLOC_ALIGN, Next, Request, Thread};
use lab1_profiler::runtime::{Base, Config, Runtime, Start, State};
use std::panic::{Location, PanicHookInfo};

#[global_allocator]
static ARENA: Arena = Arena::new();

static PROFILER: Profiler = Profiler { runtime: PerProcess::new() };

heap_api::interpose!(PROFILER);

struct Profiler {
    runtime: PerProcess<Option<Runtime<C>>>,
}

/// C's heap as the profiler's base. Layouts of freed blocks are not known, and not needed.
struct C;

const UNKNOWN: Layout = Layout::new::<u128>();

// SAFETY: the next heap keeps C's promises.
unsafe impl Base for C {
    fn allocate(&self, layout: Layout, zeroed: bool) -> *mut u8 {
        Next.allocate(Request { size: layout.size(), align: layout.align(), zeroed })
    }

    unsafe fn free(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller's contract.
        unsafe { Next.free(block) }
    }

    unsafe fn reallocate(&self, block: *mut u8, _: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's contract.
        unsafe { Next.reallocate(block, size) }
    }

    unsafe fn usable_size(&self, block: *mut u8, _: usize) -> usize {
        // SAFETY: the caller's contract.
        unsafe { Next.usable_size(block) }
    }

    #[inline]
    fn carried(&self) -> *const () {
        Thread::carried()
    }

    #[inline]
    fn carry(&self, pointer: *const ()) {
        Thread::carry(pointer);
    }
}

impl Profiler {
    /// The process's profiler and the thread's state, if both are made.
    #[inline(always)]
    fn made(&self, thread: &Thread) -> Option<(&'static Runtime<C>, &'static State)> {
        let runtime = self.runtime.get()?.as_ref()?;
        let state: *const State = thread.slot(runtime).cast();
        // SAFETY: the slot holds what `join` gave, for this runtime, which stays.
        Some((runtime, unsafe { state.as_ref() }?))
    }

    /// The process's profiler and the thread's state; `None` where nothing is to be profiled, or not yet. Where the state
    /// is new, its thread's first call has not been asked whether it `passes`.
    #[inline]
    fn get(
        &self,
        thread: &Thread,
        passes: impl FnOnce(&Runtime<C>, &State) -> bool,
    ) -> Option<(&'static Runtime<C>, &'static State)> {
        let make = || {
            let runtime = Config::of_process()?.map(|config| {
                std::panic::set_hook(Box::new(quiet));
                Runtime::new(&C, config, false)
            });
            Some(NonNull::from(Box::leak(Box::new(runtime))))
        };
        // SAFETY: leaked.
        let runtime = unsafe { self.runtime.get_or_make(make) }?.as_ref()?;
        let state: *const State = thread.slot(runtime).cast();
        // SAFETY: the slot holds what `join` gave, for this runtime, which stays.
        if let Some(state) = unsafe { state.as_ref() } {
            return Some((runtime, state));
        }
        let state = runtime.join();
        thread.set_slot(runtime, (&raw const *state).cast_mut().cast());
        (!passes(runtime, state)).then_some((runtime, state))
    }
}

// SAFETY: every block is the next heap's, and the runtime catches the panics of what it calls.
unsafe impl Interposer for Profiler {
    #[inline(always)]
    fn passes_allocation(&self, thread: &Thread, size: usize) -> bool {
        self.made(thread).is_some_and(|(runtime, state)| runtime.passes_allocation(state, size))
    }

    #[inline(always)]
    fn passes_free(&self, thread: &Thread, block: *mut u8) -> bool {
        self.made(thread).is_some_and(|(runtime, state)| runtime.passes_free(state, block))
    }

    #[inline]
    fn passes_reallocation(&self, thread: &Thread, block: *mut u8, size: usize) -> bool {
        self.made(thread).is_some_and(|(runtime, state)| runtime.passes_reallocation(state, block, size))
    }

    fn allocate(&self, thread: &Thread, caller: Caller, request: Request) -> *mut u8 {
        let passes = |runtime: &Runtime<C>, state: &State| runtime.passes_allocation(state, request.size);
        match (self.get(thread, passes), Layout::from_size_align(request.size, request.align)) {
            (Some((runtime, state)), Ok(layout)) => {
                runtime.allocate(state, start(caller), layout, request.zeroed)
            }
            _ => Next.allocate(request),
        }
    }

    unsafe fn free(&self, thread: &Thread, block: *mut u8) {
        let passes = |runtime: &Runtime<C>, state: &State| runtime.passes_free(state, block);
        match (self.get(thread, passes), NonNull::new(block)) {
            // SAFETY: the caller's contract.
            (Some((runtime, state)), Some(block)) => unsafe { runtime.free(state, block, UNKNOWN) },
            // SAFETY: the caller's contract.
            _ => unsafe { Next.free(block) },
        }
    }

    unsafe fn reallocate(&self, thread: &Thread, caller: Caller, block: *mut u8, size: usize) -> *mut u8 {
        const { assert!(UNKNOWN.align() == MALLOC_ALIGN) };
        let passes = |runtime: &Runtime<C>, state: &State| runtime.passes_reallocation(state, block, size);
        match (self.get(thread, passes), NonNull::new(block)) {
            // SAFETY: the caller's contract.
            (Some((runtime, state)), Some(block)) => unsafe {
                runtime.reallocate(state, start(caller), block, UNKNOWN, size)
            },
            // SAFETY: the caller's contract.
            _ if size > 0 => unsafe { Next.reallocate(block, size) },
            _ => {
                // SAFETY: the caller's contract.
                unsafe { Next.free(block) };
                core::ptr::null_mut()
            }
        }
    }

    fn unloaded(&self) {
        if let Some(Some(runtime)) = self.runtime.get() {
            runtime.unloaded();
        }
    }

    fn ending(&self) {
        if let Some(Some(runtime)) = self.runtime.get()
            && self.runtime.is_own()
        {
            runtime.write(true);
        }
    }
}

fn start(caller: Caller) -> Start {
    Start { frame: caller.frame, returns_to: caller.returns_to }
}

/// A panic in an answer is caught, and what it says is in the profile. One of ours ends the process, and is told.
fn quiet(panic: &PanicHookInfo<'_>) {
    let ours = |location: &&Location<'_>| {
        ["runtime", "preload", "heap-api"].iter().any(|part| location.file().contains(part))
    };
    if panic.location().filter(ours).is_some() {
        eprintln!("the preloaded profiler broke: {panic}");
    }
}
