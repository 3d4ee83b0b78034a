//! What each thread keeps for itself, and who may look at it.

use super::maps;
use super::notes::Notes;
use crate::Site;
use crate::patterns::{Histogram, Patterns, Sampler};
use core::cell::{Cell, UnsafeCell};
use core::ops::Range;
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU64, Ordering};

/// A thread's state, on lines of its own. When a thread has ended, another one takes its state over, figures and all.
///
/// What each call touches comes first.
#[derive(Debug)]
#[repr(C, align(128))]
pub struct State {
    /// The thread's alone.
    pub(super) own: Own,
    /// Calls served: allocations, frees, and changes of size.
    pub(super) served: [AtomicU64; 3],
    /// What blocks hold that this thread allocated, less those that it freed.
    pub(super) usable: AtomicI64,
    pub(super) notes: Notes,
    /// The kernel's number of the thread, 0 where it has none.
    thread: AtomicI32,
    next: AtomicPtr<State>,
    /// Whether someone touches `figures`.
    busy: AtomicBool,
    figures: UnsafeCell<Figures>,
}

/// A kind of call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Served {
    Allocation,
    Free,
    Reallocation,
}

/// What the thread alone touches.
#[derive(Debug)]
pub(super) struct Own {
    /// Whether it samples, be it that it has no sampler: then nothing is chosen.
    samples: bool,
    sampler: UnsafeCell<Option<Sampler>>,
    /// How many calls the one at hand stands for; `None` where it is seen for a trace only.
    pub(super) weight: Cell<Option<f64>>,
    /// The stack that it last stood on.
    stack: Cell<(usize, usize)>,
    /// How often it may still change stacks.
    changes: Cell<u32>,
}

/// What the thread writes, and others read at the end.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// How many of the thread's notes are in the others.
    pub(super) known: usize,
    pub(super) patterns: Option<Patterns>,
    pub(super) sizes: Option<Histogram>,
    /// Allocations and their bytes, by site.
    pub(super) allocated: Vec<Mass>,
    /// Recorded events that are not written yet.
    pub(super) events: Vec<u8>,
}

impl Figures {
    /// Adds to what a site allocated.
    #[inline]
    pub(super) fn add(&mut self, site: Site, mass: Mass) {
        let at = site as usize;
        if self.allocated.len() <= at {
            self.allocated.resize(2 * at + 64, Mass::default());
        }
        self.allocated[at].blocks += mass.blocks;
        self.allocated[at].bytes += mass.bytes;
    }
}

/// A number of blocks and their bytes. Where they were sampled, what they stand for, which need not be whole.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mass {
    pub(super) blocks: f64,
    pub(super) bytes: f64,
}

// SAFETY: `own` is touched by the state's thread alone, `figures` by who holds `busy`; the rest is atomic.
unsafe impl Sync for State {}

/// A program that changes stacks more often runs tasks on stacks of its own making; what it would cost to find the
/// bounds of each is more than they are worth.
const CHANGES: u32 = 64;

impl State {
    /// Runs `work` on the figures, while nobody else does.
    #[inline]
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Figures) -> R) -> R {
        while self.busy.swap(true, Ordering::Acquire) {
            std::thread::yield_now();
        }
        // SAFETY: `busy` was ours to take.
        let result = work(unsafe { &mut *self.figures.get() });
        self.busy.store(false, Ordering::Release);
        result
    }

    /// Whether the thread's sampler chooses what is looked at.
    #[inline]
    pub(super) fn samples(&self) -> bool {
        self.own.samples
    }

    /// The thread's sampler, if it samples.
    ///
    /// # Safety
    ///
    /// Called by the state's thread, which lets go of it before it asks again.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "the contract says who may have it, and when")]
    pub(super) unsafe fn sampler(&self) -> Option<&mut Sampler> {
        // SAFETY: the caller's contract.
        unsafe { &mut *self.own.sampler.get() }.as_mut()
    }

    /// Counts a call, and gives how many of its kind there were.
    #[inline]
    pub(super) fn serve(&self, call: Served) -> u64 {
        let count = &self.served[call as usize];
        let served = count.load(Ordering::Relaxed) + 1;
        // Only this thread changes it.
        count.store(served, Ordering::Relaxed);
        served
    }

    /// Adds to `usable`, which only this thread changes.
    #[inline]
    pub(super) fn hold(&self, change: i64) {
        self.usable.store(self.usable.load(Ordering::Relaxed) + change, Ordering::Relaxed);
    }

    /// The part of this thread's stack above the running function; empty where it is not known.
    #[inline]
    pub(super) fn stack(&self) -> Range<usize> {
        let here = 0_u8;
        let here = (&raw const here).addr();
        let (start, end) = self.own.stack.get();
        if (start..end).contains(&here) { here..end } else { self.other_stack(here) }
    }

    #[cold]
    fn other_stack(&self, here: usize) -> Range<usize> {
        let left = self.own.changes.get();
        if left == 0 {
            return here..here;
        }
        self.own.changes.set(left - 1);
        let Some(stack) = maps::stack_around(here) else { return here..here };
        self.own.stack.set((stack.start, stack.end));
        here..stack.end
    }
}

/// The states of all threads.
#[derive(Debug, Default)]
pub(super) struct Threads {
    first: AtomicPtr<State>,
}

impl Threads {
    /// A state for the running thread: that of one that has ended, or a new one, with this sampler if it `samples`.
    pub(super) fn join(
        &self,
        samples: bool,
        sampler: impl FnOnce(usize) -> Option<Sampler>,
    ) -> &'static State {
        let own = number();
        let take_over = |state: &&State| {
            let thread = state.thread.load(Ordering::Relaxed);
            let free = has_ended(thread);
            free && state.thread.compare_exchange(thread, own, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        let add = || {
            let sampler = if samples { sampler(self.iter().count()) } else { None };
            self.add(own, samples, sampler)
        };
        let state = self.iter().find(take_over).unwrap_or_else(add);
        state.own.stack.set((0, 0));
        state.own.changes.set(CHANGES);
        state
    }

    fn add(&self, thread: i32, samples: bool, sampler: Option<Sampler>) -> &'static State {
        let sampler = UnsafeCell::new(sampler);
        let (weight, stack, changes) = (Cell::new(Some(1.0)), Cell::default(), Cell::default());
        let own = Own { samples, sampler, weight, stack, changes };
        let state: &'static State = Box::leak(Box::new(State {
            own,
            served: Default::default(),
            usable: AtomicI64::default(),
            notes: Notes::new(),
            thread: AtomicI32::new(thread),
            next: AtomicPtr::default(),
            busy: AtomicBool::default(),
            figures: UnsafeCell::default(),
        }));
        let place = (&raw const *state).cast_mut();
        let put_first = |first| {
            state.next.store(first, Ordering::Relaxed);
            Some(place)
        };
        // The closure always gives a place.
        let _ = self.first.fetch_update(Ordering::Release, Ordering::Relaxed, put_first);
        state
    }

    /// Calls served by all threads, by kind.
    pub(super) fn served(&self) -> [u64; 3] {
        let sum = |kind: usize| self.iter().map(|state| state.served[kind].load(Ordering::Relaxed)).sum();
        [sum(0), sum(1), sum(2)]
    }

    /// All states, also those of threads that have ended.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'static State> {
        // SAFETY: states are never freed.
        let at = |place: &AtomicPtr<State>| unsafe { place.load(Ordering::Acquire).as_ref::<'static>() };
        std::iter::successors(at(&self.first), move |state| at(&state.next))
    }
}

/// The kernel's number of the running thread.
#[cfg(target_os = "linux")]
fn number() -> i32 {
    // SAFETY: takes nothing and can't fail.
    (unsafe { libc::syscall(libc::SYS_gettid) }) as i32
}

/// Whether a thread of this process has ended. Until then it may allocate: it does so long after its destructors.
#[cfg(target_os = "linux")]
fn has_ended(thread: i32) -> bool {
    // SAFETY: signal 0 only asks.
    let asked = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, 0) };
    // SAFETY: the address is the thread's own.
    asked != 0 && unsafe { *libc::__errno_location() } == libc::ESRCH
}

/// Elsewhere states are not taken over.
#[cfg(not(target_os = "linux"))]
fn number() -> i32 {
    0
}

#[cfg(not(target_os = "linux"))]
fn has_ended(_: i32) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_thread_that_ended_is_taken_over_and_that_of_a_living_one_is_not() {
        let threads = Threads::default();
        let join = || (&raw const *threads.join(false, |_| None)).addr();
        let ours = join();
        for _ in 0..100 {
            std::thread::scope(|scope| assert_ne!(scope.spawn(join).join().expect("the thread ends"), ours));
        }
        // A thread may be joined before the kernel has forgotten it.
        assert!(threads.iter().count() < 50, "{} states for two threads at a time", threads.iter().count());
    }
}
