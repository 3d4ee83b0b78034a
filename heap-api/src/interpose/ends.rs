//! The ends of a process, and what we do just before them.
//!
//! `exit` runs its handlers in the reverse order of their registration, and the loader's, which runs destructors, is
//! registered when the program starts. A constructor of a preloaded library is earlier than that: what it registers
//! comes after every destructor, and so sees what they free. The other ends have to be intercepted: `_exit`, and
//! `exec`, whose many forms come here from one small piece of assembly that keeps their arguments as they are.

use super::next::next_function;
use super::{Interposer, Thread};
use core::ffi::{CStr, c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::sync::OnceLock;

/// The functions that end a process's program, in the order of [`interpose!`](crate::interpose!)'s list.
const NAMES: [&CStr; 11] = [
    c"_exit",
    c"_Exit",
    c"execve",
    c"execv",
    c"execvp",
    c"execvpe",
    c"execl",
    c"execlp",
    c"execle",
    c"fexecve",
    c"execveat",
];

static FUNCTIONS: [AtomicPtr<c_void>; NAMES.len()] = [const { AtomicPtr::new(null_mut()) }; NAMES.len()];

/// Looks the functions up, and registers `at_exit` for the others. Called by a constructor: at the end itself it
/// would be too late, since a child of `vfork` must not wait for the loader's lock.
pub fn prepare(at_exit: extern "C" fn(*mut c_void)) {
    unsafe extern "C" {
        fn __cxa_atexit(run: extern "C" fn(*mut c_void), with: *mut c_void, library: *mut c_void) -> c_int;
        fn __cxa_at_quick_exit(run: extern "C" fn(*mut c_void), library: *mut c_void) -> c_int;
    }
    for (name, place) in NAMES.into_iter().zip(&FUNCTIONS) {
        // SAFETY: the name is a C string.
        place.store(unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) }, Ordering::Relaxed);
    }
    // SAFETY: `at_exit` takes any pointer. Without a library it is not run when ours is finished, but at the very
    // end.
    unsafe {
        __cxa_atexit(at_exit, null_mut(), null_mut());
        __cxa_at_quick_exit(at_exit, null_mut());
    }
}

/// Tells the interposer of an end, unless it is in the midst of a call: a signal handler came between.
pub fn ending<I: Interposer>(to: &I) {
    unless_inside(|| to.ending());
}

/// Before an end: tells the interposer, and gives the function to go on with.
pub fn before<I: Interposer>(to: &I, which: usize) -> *mut c_void {
    ending(to);
    FUNCTIONS[which].load(Ordering::Relaxed)
}

/// `dlclose`, after which addresses of code may mean something else.
///
/// # Safety
///
/// As C's.
pub unsafe fn dlclose<I: Interposer>(to: &I, handle: *mut c_void) -> c_int {
    static NEXT: OnceLock<unsafe extern "C" fn(*mut c_void) -> c_int> = OnceLock::new();
    // SAFETY: that is the type of `dlclose`.
    let next = NEXT.get_or_init(|| unsafe { next_function(c"dlclose") });
    // SAFETY: the caller's contract.
    let result = unsafe { next(handle) };
    unless_inside(|| to.unloaded());
    result
}

/// Runs `work`, unless this thread is in the midst of a call; what it calls itself is nested.
fn unless_inside(work: impl FnOnce()) {
    let thread = Thread::current();
    if thread.enter() {
        work();
        thread.leave();
    }
}
