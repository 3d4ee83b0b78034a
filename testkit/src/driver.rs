//! One driver process: started, limited, asked, ended.

use crate::death::Death;
use driverkit::seal::Seal;
use driverkit::wire::{Message, message, read_frame};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The address space that a driver may have, in bytes. Regions are mapped lazily, so this bounds what a
/// runaway table takes without standing in the way of an answer.
pub const ADDRESS_SPACE: u64 = 1 << 30;
/// What a driver may print, in bytes.
pub const OUTPUT: u64 = 1 << 20;
/// How much is read from a driver at once, in bytes.
const BUFFER: usize = 64 << 10;
/// What the replies to one request may have, in bytes. The longest walk has a twentieth.
const REPLIED: usize = 256 << 20;
/// How many replies there may be beside one for each byte of the request: a command takes a byte and more, and what
/// asks for several replies names them.
const UNASKED: usize = 1000;
/// How much of the end of its standard error is kept for a message, in bytes.
const KEPT: usize = 2000;
/// How long a driver whose socket closed may take to end by itself.
const GRACE: Duration = Duration::from_millis(500);

/// Takes an encoded reply, with the process that it came from.
pub type Take<'t> = dyn FnMut(&[u8], u32) -> std::io::Result<()> + 't;

/// A running driver.
#[derive(Debug)]
pub struct Driver {
    child: Child,
    from: BufReader<Timed>,
    /// The frame that was read last.
    frame: Vec<u8>,
    seal: Seal,
    output: Output,
    /// The most memory that it has had when it said hello.
    began: Option<u64>,
    /// What the driver says that it was built from.
    pub submission: Option<String>,
}

/// A request that a driver carries out.
#[derive(Debug)]
pub struct Asked {
    sent: Result<(), ErrorKind>,
    len: usize,
    limit: Duration,
}

/// A socket whose reads and writes end at a deadline.
#[derive(Debug)]
struct Timed {
    socket: UnixStream,
    deadline: Instant,
}

impl Driver {
    /// Starts `path`, through the launcher that the environment names, if any.
    ///
    /// # Errors
    ///
    /// Where the process can't be started or does not say hello: the message says which.
    pub fn start(path: &Path, limit: Duration) -> Result<Self, String> {
        let cannot = |what: &str, error: std::io::Error| format!("can't {what} {}: {error}", path.display());
        let (ours, theirs) = UnixStream::pair().map_err(|error| cannot("open a socket for", error))?;
        let mut command = launcher(path);
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env_clear().process_group(0);
        let mut child = command.spawn().map_err(|error| cannot("start", error))?;
        // The command holds their end of the socket; while it does, the end of the driver goes unseen.
        drop(command);
        confine(&child);
        let output = Output::drain(&mut child);
        let from = BufReader::with_capacity(BUFFER, Timed { socket: ours, deadline: Instant::now() + limit });
        let mut driver = Self {
            child,
            from,
            frame: Vec::new(),
            seal: Seal::new(0),
            output,
            began: None,
            submission: None,
        };
        match driver.next() {
            Ok(Some((Message::Hello { submission }, _))) => {
                driver.submission = submission;
                driver.began = peak(driver.child.id());
            }
            _ => {
                let said = driver.end(&Death::Ended(None)).1;
                return Err(format!("{} does not say hello. {said}", path.display()));
            }
        }
        Ok(driver)
    }

    /// Sends an encoded request, which may take the driver as long as `limit`.
    pub fn begin(&mut self, request: &[u8], limit: Duration) -> Asked {
        self.from.get_mut().deadline = Instant::now() + limit;
        Asked { sent: self.send(request), len: request.len(), limit }
    }

    /// Waits until the driver is heard of, or has ended: which of them is told at the [end](Self::finish).
    pub fn wait(&mut self) {
        let _ = self.from.fill_buf();
    }

    /// Passes each encoded reply to `take` until the driver is done. Where it waits for word, it gets `word`.
    ///
    /// # Errors
    ///
    /// How the driver ended, and the end of what it wrote to its standard error. It is of no more use then. A reply
    /// that `take` refuses is no reply.
    pub fn finish(
        &mut self,
        Asked { sent, len, limit }: Asked,
        word: u8,
        take: &mut Take<'_>,
    ) -> Result<(), (Death, String)> {
        self.from.get_mut().deadline = Instant::now() + limit;
        let (mut count, mut bytes) = (0, 0);
        let death = match sent {
            // A driver that ended early may have told why before it did; go on and read that.
            Ok(()) | Err(ErrorKind::BrokenPipe) => loop {
                let (said, reply) = match self.next() {
                    Ok(Some(next)) => next,
                    Ok(None) => break Death::Ended(None),
                    Err(error) => break cut(error, limit),
                };
                match said {
                    said @ (Message::Reply | Message::Mark) => {
                        count += 1;
                        bytes += self.frame.len();
                        if bytes > REPLIED || count > len + UNASKED {
                            break Death::Garbled("more replies than it was asked for".to_owned());
                        }
                        if let Err(error) = take(&self.frame[reply..], self.child.id()) {
                            break Death::Garbled(error.to_string());
                        }
                        // One that is gone is met at the next read.
                        if matches!(said, Message::Mark) {
                            let _ = self.from.get_mut().write_all(&[word]);
                        }
                    }
                    Message::Done { .. } => return Ok(()),
                    Message::Panicked { message, location } => break Death::Panicked { message, location },
                    Message::Hello { .. } => break Death::Garbled("a second hello".to_owned()),
                }
            },
            Err(ErrorKind::TimedOut) => Death::Hung(limit),
            Err(_) => Death::Ended(None),
        };
        Err(self.end(&death))
    }

    /// The next message, and where in the frame stands what follows it.
    fn next(&mut self) -> std::io::Result<Option<(Message, usize)>> {
        if !read_frame(&mut self.from, &mut self.frame)? {
            return Ok(None);
        }
        let (said, rest) = message(&self.frame, &mut self.seal)?;
        Ok(Some((said, self.frame.len() - rest.len())))
    }

    /// By how many bytes it has grown since it said hello, at the most; `None` where the system does not tell.
    pub fn grown(&self) -> Option<u64> {
        Some(peak(self.child.id())?.saturating_sub(self.began?))
    }

    fn send(&mut self, request: &[u8]) -> Result<(), ErrorKind> {
        // The standard library's source of chance.
        let key = RandomState::new().build_hasher().finish();
        self.seal = Seal::new(key);
        let len = u32::try_from(size_of_val(&key) + request.len()).map_err(|_| ErrorKind::InvalidInput)?;
        let head = [len.to_le_bytes().as_slice(), &key.to_le_bytes()].concat();
        let to = self.from.get_mut();
        to.write_all(&head).and_then(|()| to.write_all(request)).map_err(|error| error.kind())
    }

    /// Ends the process and everything in its group, and says how it had ended if it had.
    fn end(&mut self, death: &Death) -> (Death, String) {
        let mut status = None;
        if matches!(death, Death::Ended(_)) {
            let until = Instant::now() + GRACE;
            while status.is_none() && Instant::now() < until {
                status = self.child.try_wait().ok().flatten();
                if status.is_none() {
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
        self.kill();
        let said = self.output.finish();
        let death = match death {
            _ if self.output.flooded() => Death::Flooded,
            Death::Panicked { message, location } => {
                Death::Panicked { message: message.clone(), location: location.clone() }
            }
            Death::Ended(_) => Death::Ended(status),
            Death::Hung(after) => Death::Hung(*after),
            Death::Garbled(why) => Death::Garbled(why.clone()),
            Death::Flooded => Death::Flooded,
        };
        (death, said)
    }

    fn kill(&mut self) {
        if let Ok(group) = i32::try_from(self.child.id()) {
            // SAFETY: no memory is involved. The child leads its own group, and has not been reaped, or
            // the number is unused: process ids are not reused while the group's leader is ours to reap.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The driver itself, or behind the words of `GRADE_LAUNCHER`, each in a line of its own.
fn launcher(path: &Path) -> Command {
    let Ok(launcher) = std::env::var("GRADE_LAUNCHER") else { return Command::new(path) };
    let mut words = launcher.lines();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).arg(path);
    command
}

/// Limits a driver that waits for its first request. A launcher may have set tighter limits.
#[cfg(target_os = "linux")]
fn confine(child: &Child) {
    let limit = |resource, bytes| {
        let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
        // SAFETY: the child has not been reaped, so the number is its own; `limit` is a valid pointer.
        unsafe { libc::prlimit(child.id() as libc::pid_t, resource, &limit, std::ptr::null_mut()) };
    };
    limit(libc::RLIMIT_AS, ADDRESS_SPACE);
    limit(libc::RLIMIT_CORE, 0);
}

#[cfg(not(target_os = "linux"))]
fn confine(_: &Child) {}

/// The most memory that a process has had since it began its program, in bytes.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

fn cut(error: std::io::Error, limit: Duration) -> Death {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Death::Hung(limit),
        ErrorKind::InvalidData => Death::Garbled(error.to_string()),
        _ => Death::Ended(None),
    }
}

impl Timed {
    fn left(&self) -> std::io::Result<Option<Duration>> {
        match self.deadline.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => Ok(Some(left)),
            _ => Err(ErrorKind::TimedOut.into()),
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(buffer).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
            _ => error,
        })
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.socket.flush()
    }
}

/// Reads what a driver prints, so that it never waits for us, and keeps little of it.
#[derive(Debug)]
struct Output {
    flooded: Arc<AtomicBool>,
    said: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Output {
    fn drain(child: &mut Child) -> Self {
        let flooded = Arc::new(AtomicBool::new(false));
        let said = Arc::new(Mutex::new(Vec::new()));
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            let flooded = flooded.clone();
            readers.push(std::thread::spawn(move || drain(stdout, &flooded, |_| {})));
        }
        if let Some(stderr) = child.stderr.take() {
            let (flooded, said) = (flooded.clone(), said.clone());
            let keep = move |bytes: &[u8]| {
                let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                said.extend_from_slice(bytes);
                let surplus = said.len().saturating_sub(KEPT);
                said.drain(..surplus);
            };
            readers.push(std::thread::spawn(move || drain::<ChildStderr>(stderr, &flooded, keep)));
        }
        Self { flooded, said, readers }
    }

    /// The end of standard error, once the process has ended. Something else may hold the pipe open still; its words
    /// are not worth a longer wait.
    fn finish(&mut self) -> String {
        let until = Instant::now() + GRACE;
        while self.readers.iter().any(|reader| !reader.is_finished()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said).into_owned()
    }

    fn flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }
}

/// Closing the pipe at the limit makes the writer's next write fail, which ends it.
fn drain<R: Read>(from: R, flooded: &AtomicBool, mut keep: impl FnMut(&[u8])) {
    let mut from = from.take(OUTPUT);
    let (mut buffer, mut total) = ([0; 4096], 0_u64);
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        total += count as u64;
        keep(&buffer[..count]);
    }
    if total >= OUTPUT {
        flooded.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_drivers_output_open_is_not_waited_for() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo said >&2; sleep 30 &"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.process_group(0).spawn().expect("a shell");
        let mut output = Output::drain(&mut child);
        child.wait().expect("its end");
        let start = Instant::now();
        assert_eq!(output.finish(), "said\n");
        assert!(start.elapsed() < 10 * GRACE);
        // SAFETY: no memory is involved. What was left running is of the child's group, whose number it keeps.
        unsafe { libc::kill(-(child.id() as libc::pid_t), libc::SIGKILL) };
    }
}
