//! Standing between an unmodified program and its C heap.
//!
//! ```text
//!   program ──► malloc (interpose!'s) ──► calls ──► an Interposer ──► Next: the C library's malloc
//!                                           │            │
//!   nested, early, late, or of no interest ─┴────────────┼──────────► Next, or bootstrap before there is one
//!                                                        └─ own memory ──► Arena
//! ```
//!
//! A dynamic library that exports `malloc` and is named in `LD_PRELOAD` is asked for memory by everything in
//! the process: the loader before any constructor ran, `dlsym` while it looks up what we would call, signal
//! handlers that interrupt us, threads after their last destructor, a child between `fork` and `exec`. Each of
//! these is a trap, and each has its place here:
//!
//! | trap | what happens to the careless | where it is dealt with |
//! | --- | --- | --- |
//! | `dlsym` allocates | endless recursion at the first call | `bootstrap` |
//! | the interposer allocates | it meets itself, and its own locks | [`Thread`]'s guard, [`Arena`] |
//! | thread-local storage allocates | a guard that recurses into `malloc`, after `dlopen` | [`Thread`]: initial-exec, no destructor |
//! | a signal handler allocates | deadlock on a lock that the interrupted code holds | [`Thread`]'s guard; nested frees wait |
//! | `fork` while another thread holds a lock | the child hangs at its first call | [`PerProcess`](crate::PerProcess): the child begins anew |
//! | `vfork` | the child writes the parent's report | [`PerProcess::is_own`](crate::PerProcess::is_own) |
//! | `_exit`, `quick_exit`, `exec` | no report | `ends` |
//! | `exit` runs destructors that free | they come after the report | `ends`: the first handler registered, so the last one run |
//! | `errno` | a program reads ours for its own | `calls`, which keeps it |
//! | sizes that overflow, alignments that are none | a block too small | `calls`, which checks them |
//!
//! `lab1-profiler/INTERPOSER.md` tells each of them at length, and which test proves that it is handled.
//!
//! Only a separate small `cdylib` package may use [`interpose!`](crate::interpose!): in a library that a test
//! or a tool links, it would replace *that* process's heap.

mod arena;
mod bootstrap;
#[doc(hidden)]
pub mod calls;
#[doc(hidden)]
pub mod ends;
mod export;
mod next;
mod thread;

pub use arena::Arena;
pub use next::Next;
pub use thread::Thread;

/// What C's `malloc` aligns to, in bytes, on the platforms that this module is for.
pub const MALLOC_ALIGN: usize = 16;

/// Where a call came from, as the machine had it at the first instruction of `malloc`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Caller {
    /// The frame-pointer register: the caller's frame, if the caller was compiled to keep one, and any number
    /// otherwise.
    pub frame: usize,
    /// Where the call returns to.
    pub returns_to: usize,
}

/// A request for a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Bytes; may be zero, which C allows.
    pub size: usize,
    /// A power of two, at least [`MALLOC_ALIGN`].
    pub align: usize,
    /// Whether the block has to read as zero.
    pub zeroed: bool,
}

/// What stands between a program and its heap.
///
/// Each call is first shown to it by one of the methods `passes_…`, and served by it unless that lets the call pass: then
/// [`Next`]'s function is jumped to, as if nothing stood between. Between the two no other call of the thread is shown.
///
/// No method is entered twice by one thread: calls that come while one runs (from the interposer's own code,
/// from a signal handler) are served by [`Next`] unseen. `errno` is kept around every call that is served; the methods
/// `passes_…`, on which all speed hangs, leave it alone themselves.
///
/// # Safety
///
/// Blocks are what C promises: of the size and alignment asked for, nobody else's until they are freed. `free`,
/// `reallocate` and `usable_size` also accept blocks of [`Next`] that this interposer never saw. What passes is for
/// [`Next`] to serve: a block that is freed or resized there came from there. No method unwinds.
pub unsafe trait Interposer: Sync {
    /// Whether an allocation of `size` bytes passes.
    #[inline]
    fn passes_allocation(&self, _thread: &Thread, _size: usize) -> bool {
        false
    }

    /// Whether the free of a block passes.
    #[inline]
    fn passes_free(&self, _thread: &Thread, _block: *mut u8) -> bool {
        false
    }

    /// Whether a change of size passes; to zero, it is a free.
    #[inline]
    fn passes_reallocation(&self, _thread: &Thread, _block: *mut u8, _size: usize) -> bool {
        false
    }

    /// A block, or null on failure.
    fn allocate(&self, thread: &Thread, caller: Caller, request: Request) -> *mut u8;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` is live, not null, and came from this interposer or from [`Next`].
    unsafe fn free(&self, thread: &Thread, block: *mut u8);

    /// Moves a block to another size. Null on failure, when the old block stays, and for size zero, which frees.
    ///
    /// # Safety
    ///
    /// As for `free`.
    unsafe fn reallocate(&self, thread: &Thread, caller: Caller, block: *mut u8, size: usize) -> *mut u8;

    /// How many bytes of a block may be used.
    ///
    /// # Safety
    ///
    /// As for `free`.
    unsafe fn usable_size(&self, block: *mut u8) -> usize {
        // SAFETY: the caller's contract; an interposer whose blocks are not the next heap's overrides this.
        unsafe { Next.usable_size(block) }
    }

    /// Libraries may have been unmapped, so that addresses of code mean something else from now on.
    fn unloaded(&self) {}

    /// The process is about to end or to become another program: the last chance to say something. May be called
    /// more than once, since an `exec` can fail, and in a child of `vfork`, which shares the parent's memory.
    fn ending(&self) {}
}
