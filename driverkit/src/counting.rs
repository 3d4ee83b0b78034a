//! What a student's code takes from the system beside its region.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Constant-initialised and without a destructor, so that reading it never allocates.
    static METER: Cell<Meter> = const { Cell::new(Meter { running: false, live: 0, peak: 0 }) };
}

/// Bytes taken from the system by this thread while the meter runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Meter {
    running: bool,
    live: i64,
    peak: i64,
}

/// The global allocator of every driver: the system's, with a meter per thread.
#[derive(Debug, Default)]
pub struct Counting;

/// Runs `body` with the meter on: what it allocates, and keeps, is a student's metadata.
#[inline]
pub fn metered<R>(body: impl FnOnce() -> R) -> R {
    METER.set(Meter { running: true, ..METER.get() });
    let result = body();
    METER.set(Meter { running: false, ..METER.get() });
    result
}

/// Sets the meter to zero.
pub fn reset() {
    METER.set(Meter::default());
}

/// The most bytes that were held at once since the last [`reset`].
pub fn peak() -> u64 {
    u64::try_from(METER.get().peak).unwrap_or(0)
}

fn count(bytes: i64) {
    let _ = METER.try_with(|meter| {
        let now = meter.get();
        if now.running {
            let live = now.live + bytes;
            meter.set(Meter { live, peak: now.peak.max(live), ..now });
        }
    });
}

/// A layout's size fits `isize`, so it fits `i64`.
fn signed(size: usize) -> i64 {
    size as i64
}

// SAFETY: every call goes to `System` unchanged; counting neither allocates nor touches the block.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(signed(layout.size()));
        // SAFETY: the caller's contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        count(-signed(layout.size()));
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(signed(new_size) - signed(layout.size()));
        // SAFETY: the caller's contract.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}
