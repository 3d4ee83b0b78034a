//! What a process has had of the machine until now, as seen from outside.

use std::time::Duration;
#[cfg(target_os = "linux")]
use std::time::Instant;

/// How long a process may take to come to rest.
#[cfg(target_os = "linux")]
const REST: Duration = Duration::from_millis(1);

/// Threads and processor time, which no process can hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Threads that it has.
    pub threads: usize,
    /// What all of them, and those that have ended, have had of processors.
    pub busy: Duration,
}

impl Effort {
    /// The effort of a process of any user that waits for us; `None` where the system does not tell.
    ///
    /// A thread's time is added up when it leaves its processor, and not before the next tick of the system's clock if it
    /// stays there. So this waits until all have come to rest, but not long: there may be one that spins, and gives its
    /// processor away now and then, which is as good.
    #[cfg(target_os = "linux")]
    pub fn of(process: u32) -> Option<Self> {
        let until = Instant::now() + REST;
        let threads = loop {
            let (threads, at_rest) = threads(process)?;
            if at_rest || Instant::now() > until {
                break threads;
            }
            std::thread::yield_now();
        };
        let mut clock = 0;
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: both write to where they are told, which is ours and of that type.
        let told = unsafe {
            libc::clock_getcpuclockid(process as libc::pid_t, &raw mut clock) == 0
                && libc::clock_gettime(clock, &raw mut time) == 0
        };
        told.then(|| Self { threads, busy: Duration::new(time.tv_sec as u64, time.tv_nsec as u32) })
    }

    /// Not told here.
    #[cfg(not(target_os = "linux"))]
    pub fn of(_: u32) -> Option<Self> {
        None
    }
}

/// How many threads a process has, and whether all of them wait.
#[cfg(target_os = "linux")]
fn threads(process: u32) -> Option<(usize, bool)> {
    let (mut threads, mut at_rest) = (0, true);
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).ok()?.flatten() {
        threads += 1;
        // The state stands after the name, which may have any character.
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        let state = stat.rsplit(')').next().unwrap_or_default();
        at_rest &= !state.trim_start().starts_with('R');
    }
    Some((threads, at_rest))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn threads_and_their_time_are_seen_from_outside() {
        let before = Effort::of(std::process::id()).expect("this process");
        std::thread::scope(|scope| {
            let (stop, wait) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || wait.recv().is_ok());
            let spun = scope.spawn(|| {
                let start = std::time::Instant::now();
                while start.elapsed() < Duration::from_millis(40) {}
            });
            spun.join().expect("a thread that spins");
            let after = Effort::of(std::process::id()).expect("this process");
            // Other tests run in this process at the same time.
            assert!(after.threads > 1);
            assert!(after.busy - before.busy > Duration::from_millis(5));
            drop(stop);
        });
        assert_eq!(Effort::of(u32::MAX), None);
    }
}
