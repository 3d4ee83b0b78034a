//! The C library's `errno`, which is the program's: it may free between a call that failed and asking why.

use core::ffi::c_int;
#[cfg(target_os = "linux")]
use libc::__errno_location as errno_location;
#[cfg(not(target_os = "linux"))]
use libc::__error as errno_location;

/// What it is.
pub(crate) fn get() -> c_int {
    // SAFETY: the address is the thread's own.
    unsafe { *errno_location() }
}

/// Sets it.
pub(crate) fn set(error: c_int) {
    // SAFETY: the address is the thread's own.
    unsafe { *errno_location() = error }
}
