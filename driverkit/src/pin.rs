//! Binds threads to processors, so that two that are timed together have one each.
//!
//! A scheduler wakes a thread where its waker runs, and may take milliseconds to move it away: two threads
//! that block each other end up taking turns on one processor, and meet no more.

/// Binds the calling thread to the `nth` of the processors that it may run on, counted around. Does nothing
/// where the system can't.
#[cfg(target_os = "linux")]
pub fn pin(nth: usize) {
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: a set of bits, of which all zero is the empty one.
    let mut allowed: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: 0 is the calling thread, and the set is as large as is said.
    if unsafe { libc::sched_getaffinity(0, size, &mut allowed) } != 0 {
        return;
    }
    let processors: Vec<usize> = (0..libc::CPU_SETSIZE as usize)
        // SAFETY: the number is below the set's size.
        .filter(|processor| unsafe { libc::CPU_ISSET(*processor, &allowed) })
        .collect();
    let Some(chosen) = nth.checked_rem(processors.len()).map(|nth| processors[nth]) else { return };
    // SAFETY: as above.
    let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number is below the set's size; the rest as above. A refusal leaves things as they were.
    unsafe {
        libc::CPU_SET(chosen, &mut one);
        libc::sched_setaffinity(0, size, &one);
    }
}

/// Binds the calling thread to a processor where the system can; this one can't.
#[cfg(not(target_os = "linux"))]
pub fn pin(_nth: usize) {}
