//! The ends of a process, and what we do just before them.
//!
//! `exit` runs its handlers in the reverse order of their registration, and the loader's, which runs destructors, is
//! registered when the program starts. A constructor of a preloaded library is earlier than that: what it registers
//! comes after every destructor, and so sees what they free. The other ends have to be intercepted: `_exit`, and
//! `exec`, whose many forms come here from one small piece of assembly that keeps their arguments as they are.

use super::Interposer;
use core::ffi::{CStr, c_int, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

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

/// Before an end: tells the interposer, and gives the function to go on with.
pub fn before<I: Interposer>(to: &I, which: usize) -> *mut c_void {
    to.ending();
    FUNCTIONS[which].load(Ordering::Relaxed)
}

/// After libraries were unloaded. Gives `result` through, which `dlclose` returned.
pub fn dlclose<I: Interposer>(to: &I, handle: *mut c_void) -> c_int {
    static NEXT: AtomicPtr<c_void> = AtomicPtr::new(null_mut());
    let mut next = NEXT.load(Ordering::Relaxed);
    if next.is_null() {
        // SAFETY: the name is a C string.
        next = unsafe { libc::dlsym(libc::RTLD_NEXT, c"dlclose".as_ptr()) };
        NEXT.store(next, Ordering::Relaxed);
    }
    // SAFETY: that is the type of `dlclose`, and the caller's handle.
    let result = unsafe {
        core::mem::transmute::<*mut c_void, unsafe extern "C" fn(*mut c_void) -> c_int>(next)(handle)
    };
    to.unloaded();
    result
}
