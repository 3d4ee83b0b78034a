//! Running a child with limits, and leaving nothing of it behind.
//!
//! It knows processes, and nothing of grading. With [`cargo`](crate::cargo) it is the only module that
//! starts any.

use std::collections::{BTreeSet, VecDeque};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What a child may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wall clock, after which its process group is killed.
    pub wall: Duration,
    /// Bytes kept of each of its output streams, half of them its beginning and half its end; what lies between is
    /// read and dropped.
    pub output: usize,
    /// Bytes of address space of each process.
    pub memory: Option<u64>,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With that exit code.
    Exited(i32),
    /// By that signal.
    Signalled(i32),
    /// It did not, and was killed at the limit.
    TimedOut,
}

/// A child that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How.
    pub ended: Ended,
    /// The kept part of standard output.
    pub stdout: Vec<u8>,
    /// The kept part of standard error.
    pub stderr: Vec<u8>,
    /// Wall clock from start to end.
    pub seconds: f64,
}

// Every child that we started and have not waited for. Anything else that is our child is a stray.
static OURS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

// Only a process whose children are all started by `run` may end the others: the grader's own.
static ADOPTING: AtomicBool = AtomicBool::new(false);

/// Makes orphans of our children our own, so that [`run`] can end what left its process group. From then
/// on every child of this process that [`run`] did not start is ended.
/// Linux only; elsewhere the process group is all there is.
pub fn adopt_orphans() {
    ADOPTING.store(true, Ordering::Relaxed);
    #[cfg(target_os = "linux")]
    // SAFETY: this option takes integers only and changes an attribute of this process.
    unsafe {
        libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    }
}

/// Runs `command` to its end or its limits. An `Err` means that it could not be started.
pub fn run(command: &mut Command, limits: &Limits) -> std::io::Result<Finished> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    limit_in_child(command, limits.memory);

    let started = Instant::now();
    let mut child = {
        let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        ours.insert(child.id());
        child
    };
    let stdout = child.stdout.take().map(|s| read_capped(s, limits.output));
    let stderr = child.stderr.take().map(|s| read_capped(s, limits.output));
    let ended = wait(&mut child, started, limits.wall);
    let seconds = started.elapsed().as_secs_f64();
    end_group(child.id());
    {
        let mut ours = OURS.lock().unwrap_or_else(PoisonError::into_inner);
        ours.remove(&child.id());
        if ADOPTING.load(Ordering::Relaxed) {
            end_strays(&ours);
        }
    }
    let collect = |reader: Option<Receiver<Vec<u8>>>| reader.map_or_else(Vec::new, collected);
    Ok(Finished { ended: ended?, stdout: collect(stdout), stderr: collect(stderr), seconds })
}

fn limit_in_child(command: &mut Command, memory: Option<u64>) {
    let set = move || {
        // SAFETY: takes an integer and can't fail. A driver may be executed by another user than its builder.
        unsafe { libc::umask(0o022) };
        if let Some(bytes) = memory {
            let limit = libc::rlimit { rlim_cur: bytes as libc::rlim_t, rlim_max: bytes as libc::rlim_t };
            // SAFETY: `limit` is a valid rlimit that outlives the call.
            if unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) } != 0 {
                return Err(std::io::Error::last_os_error());
            }
        }
        #[cfg(target_os = "linux")]
        // SAFETY: this option takes integers only. The thread that starts a child waits for it, so the
        // signal comes when the grader dies and not before.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0);
        }
        Ok(())
    };
    // SAFETY: between fork and exec `set` makes two system calls and nothing else: it takes no lock and
    // allocates nothing.
    unsafe {
        command.pre_exec(set);
    }
}

fn wait(child: &mut Child, started: Instant, wall: Duration) -> std::io::Result<Ended> {
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(match (status.code(), status.signal()) {
                (Some(code), _) => Ended::Exited(code),
                (None, signal) => Ended::Signalled(signal.unwrap_or(0)),
            });
        }
        if started.elapsed() >= wall {
            end_group(child.id());
            child.wait()?;
            return Ok(Ended::TimedOut);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

fn end_group(leader: u32) {
    // SAFETY: kill takes integers only. The group's id is that of a child that we made its leader; while
    // any member lives no other group can have it, and where none lives the call fails.
    unsafe {
        libc::kill(-(leader as libc::pid_t), libc::SIGKILL);
    }
}

fn end_strays(ours: &BTreeSet<u32>) {
    // A stray's own children become ours as it ends, so this goes on until there are none.
    for _ in 0..64 {
        let strays: Vec<u32> = children_of_this_process().filter(|pid| !ours.contains(pid)).collect();
        if strays.is_empty() {
            return;
        }
        for pid in strays {
            // SAFETY: both take integers and a null pointer, which waitpid allows. The process is our
            // child and not waited for by anyone else, so its id cannot be another's.
            unsafe {
                libc::kill(pid as libc::pid_t, libc::SIGKILL);
                libc::waitpid(pid as libc::pid_t, std::ptr::null_mut(), 0);
            }
        }
    }
}

fn children_of_this_process() -> impl Iterator<Item = u32> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.filter_map(|t| std::fs::read_to_string(t.path().join("children")).ok());
    lists.flat_map(|l| l.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<u32>>())
}

fn read_capped(mut stream: impl Read + Send + 'static, cap: usize) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let (mut kept, mut end) = (Vec::new(), VecDeque::<u8>::new());
        let mut buffer = [0; 16 * 1024];
        // The child must not block on a full pipe, so what is over the cap is read all the same.
        while let Ok(n @ 1..) = stream.read(&mut buffer) {
            let room = (cap / 2).saturating_sub(kept.len()).min(n);
            kept.extend_from_slice(&buffer[..room]);
            end.extend(&buffer[room..n]);
            end.drain(..end.len().saturating_sub(cap - cap / 2));
        }
        kept.extend(end);
        let _ = send.send(kept);
    });
    receive
}

fn collected(reader: Receiver<Vec<u8>>) -> Vec<u8> {
    // Where something that we could not end still holds the pipe open, its output is not worth a hang.
    reader.recv_timeout(Duration::from_secs(2)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, seconds: f64) -> Finished {
        let limits = Limits { wall: Duration::from_secs_f64(seconds), output: 100, memory: None };
        run(Command::new("sh").arg("-c").arg(script), &limits).unwrap()
    }

    #[test]
    fn how_a_child_ended_is_told_apart() {
        assert_eq!(shell("exit 7", 5.0).ended, Ended::Exited(7));
        assert_eq!(shell("kill -SEGV $$", 5.0).ended, Ended::Signalled(libc::SIGSEGV));
        assert_eq!(shell("while :; do :; done", 0.2).ended, Ended::TimedOut);
    }

    #[test]
    fn output_over_the_cap_is_dropped_without_blocking_the_child() {
        let done = shell("echo begun; head -c 5000000 /dev/zero; echo ended", 5.0);
        assert_eq!((done.ended, done.stdout.len()), (Ended::Exited(0), 100));
        assert!(done.stdout.starts_with(b"begun\n") && done.stdout.ends_with(b"ended\n"));
    }

    #[test]
    fn what_a_child_leaves_running_is_ended_with_it() {
        let started = Instant::now();
        let done = shell("sleep 30 & echo $!", 5.0);
        assert!(started.elapsed() < Duration::from_secs(5));
        let pid = String::from_utf8(done.stdout).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        assert!(state.is_empty() || state.contains(" Z "), "still there: {state}");
    }
}
