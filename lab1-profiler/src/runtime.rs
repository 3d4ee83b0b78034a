//! The profiler as it runs inside a program, given: it feeds the answers to the exercises, and writes down what they
//! say.
//!
//! ```text
//!   malloc ─► Runtime ─► stack ─► sites: a number for the call stack
//!                │
//!                ├─────► Tracker ─► Bottom ─► the heap       L1.1
//!                ├─────► History                             L1.2, at moments
//!                └─────► Patterns, Histogram, Sampler        L1.3, by thread
//!                                          at the end ─► profile: a file, of which L1.4 makes reports
//! ```
//!
//! It runs in somebody else's process. So it allocates nothing through the heap that it watches, takes no lock that
//! all threads share on its way, and goes on without an answer that panics.

mod attempt;
mod base;
mod code;
mod config;
pub(crate) mod errno;
mod gather;
mod maps;
mod moments;
mod notes;
mod pages;
mod recorder;
mod sampled;
mod series;
mod sites;
mod stack;
mod threads;
mod write;

pub use base::Base;
pub use config::{Config, Place, VARIABLE};
pub use stack::Start;
pub use threads::State;

use crate::Site;
use crate::events::Event;
use crate::fragmentation::History;
use crate::patterns::{Histogram, Patterns, Sampler};
use crate::track::Tracker;
use attempt::Attempt;
use base::{Bottom, Call};
use core::alloc::Layout;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::AtomicU64;
use moments::{INTERIM, MOMENT};
use notes::Note;
use pages::Pages;
use recorder::Recorder;
use sampled::Sampled;
use series::Series;
use sites::Sites;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use threads::{Mass, Served, Threads};

/// The profiler of a process.
pub struct Runtime<B: 'static> {
    base: &'static B,
    config: &'static Config,
    /// Whether it is part of the program.
    built_in: bool,
    /// The process's number.
    process: u32,
    start: Instant,
    /// In nanoseconds since 1970: with the process's number it names the program, of several that it was.
    since: u128,
    tracker: Option<Tracker<Bottom<B>>>,
    track: Attempt,
    patterns: Attempt,
    fragmentation: Attempt,
    sites: Sites,
    threads: Threads,
    pages: Pages,
    /// The blocks that are looked at, where not all are.
    sampled: Option<Sampled>,
    recorder: Option<Recorder>,
    series: Series,
    /// When the next profile is due that tells what there is so far, in nanoseconds since the start.
    interim: AtomicU64,
}

impl<B: Base> Runtime<B> {
    /// A profiler before `base`. `built_in` tells whether the program brought it along.
    pub fn new(base: &'static B, config: &'static Config, built_in: bool) -> Self {
        let (track, patterns, fragmentation) = (Attempt::new(), Attempt::new(), Attempt::new());
        let tracker = track.run(|| Tracker::new(Bottom(base)));
        let history = fragmentation.run(History::new);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let recorder = match &config.place {
            Place::Folder(folder) if config.record => {
                Some(Recorder::new(folder.join(format!("{}.events", write::name(since)))))
            }
            _ => None,
        };
        Self {
            base,
            config,
            built_in,
            process: std::process::id(),
            start: Instant::now(),
            since,
            tracker,
            track,
            patterns,
            fragmentation,
            sites: Sites::new(),
            threads: Threads::default(),
            pages: Pages::new(),
            sampled: config.sample.map(|_| Sampled::new()),
            recorder,
            series: Series::new(history, MOMENT),
            interim: AtomicU64::new(INTERIM),
        }
    }

    /// Whether it is this process's, and not inherited by a fork.
    pub fn is_own(&self) -> bool {
        self.process == std::process::id()
    }

    /// A state for the running thread, to be given with each of its calls. Calls of a thread do not nest.
    pub fn join(&self) -> &'static State {
        let sampler = |number: usize| {
            let mean = self.config.sample?;
            self.patterns.run(|| Sampler::new(mean, number as u64))
        };
        let state = self.threads.join(self.config.sample.is_some(), sampler);
        state.with(|figures| {
            self.take_in(state, figures);
            if figures.sizes.is_none() && self.config.sample.is_none() {
                figures.sizes = self.patterns.run(Histogram::new);
                figures.patterns = self.patterns.run(Patterns::new);
            }
            // The state may be that of a thread which has ended: what comes next follows none of its events.
            if let Some(patterns) = &mut figures.patterns {
                self.patterns.run(|| patterns.freed(0));
            }
        });
        state
    }

    /// Whether an allocation passes unseen. It is counted then; all else is the heap's.
    #[inline(always)]
    pub fn passes_allocation(&self, state: &State, size: usize) -> bool {
        let passes = state.samples() && !self.draws(state, size) && self.recorder.is_none();
        if passes {
            self.look_around(state.serve(Served::Allocation));
        }
        passes
    }

    /// Whether a free passes unseen. It is counted then; all else is the heap's.
    #[inline(always)]
    pub fn passes_free(&self, state: &State, block: *const u8) -> bool {
        let passes = state.samples() && !self.may_know(block) && self.recorder.is_none();
        if passes {
            state.serve(Served::Free);
        }
        passes
    }

    /// Whether a change of size passes unseen; to zero, it is a free. It is counted then; all else is the heap's.
    #[inline]
    pub fn passes_reallocation(&self, state: &State, block: *const u8, size: usize) -> bool {
        if size == 0 {
            return self.passes_free(state, block);
        }
        let passes =
            state.samples() && !self.draws(state, size) && !self.may_know(block) && self.recorder.is_none();
        if passes {
            state.serve(Served::Reallocation);
        }
        passes
    }

    /// Whether the thread's sampler chooses a block of `size` bytes. The thread keeps what it then stands for.
    #[inline(always)]
    fn draws(&self, state: &State, size: usize) -> bool {
        // SAFETY: calls of a thread do not nest.
        let weight = unsafe { state.sampler() }
            .and_then(|sampler| self.patterns.run(|| sampler.sample(size as u64)).flatten());
        state.own.weight.set(weight);
        weight.is_some()
    }

    #[inline(always)]
    fn may_know(&self, block: *const u8) -> bool {
        self.sampled.as_ref().is_none_or(|sampled| sampled.may_have(block.addr()))
    }

    /// Serves an allocation that did not pass. Null on failure.
    #[inline]
    pub fn allocate(&self, state: &State, from: Start, layout: Layout, zeroed: bool) -> *mut u8 {
        let serve = || self.base.allocate(layout, zeroed);
        let block = match (&self.tracker, state.own.weight.get()) {
            (None, _) | (_, None) => serve(),
            (Some(tracker), Some(weight)) => {
                let site = self.site(state, from);
                let block = Call::serve(layout, zeroed).carry_out(
                    self.base,
                    || self.track.run(|| tracker.malloc(layout.size(), layout.align(), site)).is_some(),
                    serve,
                );
                self.allocated(state, block, layout.size(), site, weight);
                block
            }
        };
        if !block.is_null() {
            let (size, align) = (layout.size() as u64, layout.align() as u64);
            self.record(state, || Event::Allocated { block: block.addr() as u64, size, align });
            self.look_around(state.serve(Served::Allocation));
        }
        block
    }

    /// Serves a free that did not pass.
    ///
    /// # Safety
    ///
    /// `block` is live and came from here or from the base, with `layout` where the base is told layouts.
    #[inline]
    pub unsafe fn free(&self, state: &State, block: NonNull<u8>, layout: Layout) {
        state.serve(Served::Free);
        self.record(state, || Event::Freed { block: block.addr().get() as u64 });
        // SAFETY: the caller's contract.
        let serve = || unsafe { self.base.free(block.as_ptr(), layout) };
        match &self.tracker {
            Some(tracker)
                if self.sampled.as_ref().is_none_or(|sampled| sampled.remove(block.addr().get())) =>
            {
                self.freed(state, block, layout.size());
                // SAFETY: the caller's contract.
                let free = || self.track.run(|| unsafe { tracker.free(block) }).is_some();
                Call::serve(layout, false).carry_out(self.base, free, || {
                    serve();
                    null_mut()
                });
            }
            _ => serve(),
        }
    }

    /// Serves a change of size that did not pass. Null on failure, when the block stays, and for size zero, which frees.
    ///
    /// # Safety
    ///
    /// As for `free`.
    #[inline]
    pub unsafe fn reallocate(
        &self,
        state: &State,
        from: Start,
        block: NonNull<u8>,
        layout: Layout,
        size: usize,
    ) -> *mut u8 {
        if size == 0 {
            // SAFETY: the caller's contract.
            unsafe { self.free(state, block, layout) };
            return null_mut();
        }
        self.record(state, || Event::Moving { block: block.addr().get() as u64 });
        let moved = match (&self.tracker, &self.sampled) {
            // SAFETY: the caller's contract.
            (Some(tracker), None) => unsafe { self.move_all(state, tracker, from, block, layout, size) },
            // SAFETY: the caller's contract.
            (Some(tracker), Some(sampled)) => unsafe {
                self.move_sampled(state, (tracker, sampled), from, block, layout, size)
            },
            // SAFETY: the caller's contract.
            (None, _) => unsafe { self.base.reallocate(block.as_ptr(), layout, size) },
        };
        self.record(state, || Event::Moved { block: moved.addr() as u64, size: size as u64 });
        if !moved.is_null() {
            state.serve(Served::Reallocation);
        }
        moved
    }

    /// Notes an event, where every one is recorded.
    #[inline]
    fn record(&self, state: &State, event: impl FnOnce() -> Event) {
        if let Some(recorder) = &self.recorder {
            recorder.note(state, event());
        }
    }

    /// Changes a block's size where all blocks are looked at: one event.
    ///
    /// # Safety
    ///
    /// As for `free`; the size is not zero.
    #[inline]
    unsafe fn move_all(
        &self,
        state: &State,
        tracker: &Tracker<Bottom<B>>,
        from: Start,
        block: NonNull<u8>,
        layout: Layout,
        size: usize,
    ) -> *mut u8 {
        let site = self.site(state, from);
        // SAFETY: the caller's contract.
        let before = unsafe { self.base.usable_size(block.as_ptr(), layout.size()) };
        // SAFETY: the caller's contract.
        let realloc = || unsafe { tracker.realloc(Some(block), size, layout.align(), site) };
        // SAFETY: the caller's contract.
        let serve = || unsafe { self.base.reallocate(block.as_ptr(), layout, size) };
        let realloc = || self.track.run(realloc).is_some();
        let moved = Call::serve(layout, false).carry_out(self.base, realloc, serve);
        if !moved.is_null() {
            self.note(state, Note::Moved { from: block.addr().get(), to: moved.addr(), size });
            // SAFETY: the base just gave it.
            state.hold(unsafe { self.base.usable_size(moved, size) } as i64 - before as i64);
            self.pages.add(moved.addr(), size);
        }
        moved
    }

    /// Changes a block's size where some blocks are looked at: the chance to be one depends on the size, so the old
    /// block ends, if it was looked at, and the new one begins, if it is chosen.
    ///
    /// # Safety
    ///
    /// As for `free`; the size is not zero.
    unsafe fn move_sampled(
        &self,
        state: &State,
        (tracker, sampled): (&Tracker<Bottom<B>>, &Sampled),
        from: Start,
        block: NonNull<u8>,
        layout: Layout,
        size: usize,
    ) -> *mut u8 {
        if sampled.remove(block.addr().get()) {
            // Before the heap has the block back, as ever; a failure leaves it unobserved, which is as good.
            // SAFETY: the call keeps the block.
            let forget = || self.track.run(|| unsafe { tracker.free(block) }).is_some();
            Call::keep(layout).carry_out(self.base, forget, null_mut);
        }
        // SAFETY: the caller's contract.
        let moved = unsafe { self.base.reallocate(block.as_ptr(), layout, size) };
        if let (Some(moved), Some(weight)) = (NonNull::new(moved), state.own.weight.get()) {
            let site = self.site(state, from);
            let record = || self.track.run(|| tracker.malloc(size, layout.align(), site)).is_some();
            Call::adopt(moved).carry_out(self.base, record, null_mut);
            self.allocated(state, moved.as_ptr(), size, site, weight);
        }
        moved
    }

    /// Libraries were unloaded.
    pub fn unloaded(&self) {
        self.sites.unloaded();
    }

    #[inline]
    fn site(&self, state: &State, from: Start) -> Site {
        // SAFETY: it is the thread's stack.
        unsafe { self.sites.site(from, &state.stack()) }
    }

    /// Notes a block that was allocated, if it was.
    #[inline]
    fn allocated(&self, state: &State, block: *mut u8, size: usize, site: Site, weight: f64) {
        if block.is_null() {
            return;
        }
        match &self.sampled {
            Some(sampled) => {
                let mass = Mass { blocks: weight, bytes: weight * size as f64 };
                state.with(|figures| figures.add(site, mass));
                sampled.insert(block.addr(), mass.bytes as u64);
            }
            None => {
                self.note(state, Note::Allocated { block: block.addr(), size, site });
                // SAFETY: the base just gave it.
                state.hold(unsafe { self.base.usable_size(block, size) } as i64);
                self.pages.add(block.addr(), size);
            }
        }
    }

    /// Notes a block that is about to be freed: afterwards the address may be another thread's.
    #[inline]
    fn freed(&self, state: &State, block: NonNull<u8>, size: usize) {
        if self.sampled.is_some() {
            return;
        }
        self.note(state, Note::Freed { block: block.addr().get() });
        // SAFETY: live until it is freed.
        state.hold(-(unsafe { self.base.usable_size(block.as_ptr(), size) } as i64));
    }

    /// How many blocks of this size a tracked one stands for: the inverse of its chance to be chosen.
    fn stands_for(&self, size: usize) -> f64 {
        let chance = |mean: u64| -(-(size as f64) / mean as f64).exp_m1();
        self.config.sample.map_or(1.0, |mean| 1.0 / chance(mean))
    }

    /// Allocations, frees and changes of size that were served.
    fn served(&self) -> [u64; 3] {
        self.threads.served()
    }
}
