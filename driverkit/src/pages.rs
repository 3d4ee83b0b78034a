//! The size of the pages in which the system gives memory.

/// Has the system give small ones only from now on, so that what is not touched is not counted as memory.
pub fn small_only() {
    #[cfg(target_os = "linux")]
    // SAFETY: this option takes integers only. Where it is refused, more is counted, and for everybody.
    unsafe {
        libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0);
    }
}
