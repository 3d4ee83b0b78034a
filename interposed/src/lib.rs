//! A library to preload that counts the calls it serves: the smallest interposer, and the truth that profiles are
//! held against.
//!
//! At its end each process appends one line to the file that `COUNTING` names:
//! `PID allocations frees reallocations bytes`. A successful `realloc` of a block counts once, as a reallocation;
//! bytes are those asked for, of reallocated blocks the new size. With `COUNTING_RAISE` set, SIGUSR1 is raised in the
//! midst of every fifth call.

#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use core::ffi::CStr;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use heap_api::PerProcess;
use heap_api::interpose::{Arena, Caller, Interposer, Next, Request, Thread};

#[global_allocator]
static ARENA: Arena = Arena::new();

static COUNTING: Counting = Counting { counts: PerProcess::new() };

heap_api::interpose!(COUNTING);

struct Counting {
    counts: PerProcess<Counts>,
}

#[derive(Default)]
struct Counts {
    allocations: AtomicU64,
    frees: AtomicU64,
    reallocations: AtomicU64,
    bytes: AtomicU64,
}

impl Counting {
    /// Interrupts the call at hand, where that is asked for and someone listens. Not the handler's own, which would
    /// follow one another without end; and not every one, since what a handler frees is freed by calls that come after.
    fn interrupt(&self) {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        // SAFETY: the names are C strings; asking for an action and a mask changes neither; zeros
        // are valid for both; the handler is the program's.
        unsafe {
            if libc::getenv(c"COUNTING_RAISE".as_ptr()).is_null()
                || !CALLS.fetch_add(1, Relaxed).is_multiple_of(5)
            {
                return;
            }
            let (mut action, mut blocked): (libc::sigaction, libc::sigset_t) = core::mem::zeroed();
            libc::sigaction(libc::SIGUSR1, core::ptr::null(), &raw mut action);
            libc::pthread_sigmask(libc::SIG_BLOCK, core::ptr::null(), &raw mut blocked);
            if action.sa_sigaction != libc::SIG_DFL
                && libc::sigismember(&raw const blocked, libc::SIGUSR1) == 0
            {
                libc::raise(libc::SIGUSR1);
            }
        }
    }

    fn count(&self, of: impl FnOnce(&Counts) -> &AtomicU64, bytes: usize) {
        let make = || Some(NonNull::from(Box::leak(Box::<Counts>::default())));
        // SAFETY: leaked.
        if let Some(counts) = unsafe { self.counts.get_or_make(make) } {
            of(counts).fetch_add(1, Relaxed);
            counts.bytes.fetch_add(bytes as u64, Relaxed);
        }
    }
}

// SAFETY: every block is the next heap's.
unsafe impl Interposer for Counting {
    fn allocate(&self, _: &Thread, _: Caller, request: Request) -> *mut u8 {
        self.interrupt();
        let block = Next.allocate(request);
        self.interrupt();
        if !block.is_null() {
            self.count(|counts| &counts.allocations, request.size);
        }
        block
    }

    unsafe fn free(&self, _: &Thread, block: *mut u8) {
        self.interrupt();
        self.count(|counts| &counts.frees, 0);
        // SAFETY: the caller's contract.
        unsafe { Next.free(block) }
    }

    unsafe fn reallocate(&self, thread: &Thread, _: Caller, block: *mut u8, size: usize) -> *mut u8 {
        if size == 0 {
            // SAFETY: the caller's contract.
            unsafe { self.free(thread, block) };
            return core::ptr::null_mut();
        }
        self.interrupt();
        // SAFETY: the caller's contract.
        let moved = unsafe { Next.reallocate(block, size) };
        self.interrupt();
        if !moved.is_null() {
            self.count(|counts| &counts.reallocations, size);
        }
        moved
    }

    fn ending(&self) {
        let Some(counts) = self.counts.get().filter(|_| self.counts.is_own()) else { return };
        // SAFETY: the name is a C string; nobody changes the environment while the process ends.
        let file = unsafe { libc::getenv(c"COUNTING".as_ptr()) };
        if file.is_null() {
            return;
        }
        let take = |count: &AtomicU64| count.load(Relaxed);
        let line = format!(
            "{} {} {} {} {}\n",
            std::process::id(),
            take(&counts.allocations),
            take(&counts.frees),
            take(&counts.reallocations),
            take(&counts.bytes)
        );
        // SAFETY: `getenv` gave a C string.
        append(unsafe { CStr::from_ptr(file) }, line.as_bytes());
    }
}

fn append(file: &CStr, line: &[u8]) {
    let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_CLOEXEC;
    // SAFETY: the name is a C string, the line is valid for its length, and the descriptor is ours.
    unsafe {
        let file = libc::open(file.as_ptr(), flags, 0o666);
        libc::write(file, line.as_ptr().cast(), line.len());
        libc::close(file);
    }
}
