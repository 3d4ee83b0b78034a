//! The driver's end of the socket.

use crate::seal::Seal;
use crate::wire::{Message, push_frame};
use serde::Serialize;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Programs up to this many commands have every reply flushed, so that a crash shows which command it
/// was; longer ones are buffered, since a system call a command would cost more than the commands.
pub const STEPPED: usize = 1000;

/// Replies that wait for one another, in bytes.
const BUFFERED: usize = 64 << 10;

/// The socket, shared with the panic hook.
static OUTPUT: OnceLock<Mutex<Output>> = OnceLock::new();

struct Output {
    socket: UnixStream,
    seal: Seal,
    /// Frames that are not sent yet.
    frames: Vec<u8>,
}

/// Sends replies to the judge.
#[derive(Debug)]
pub struct Replies {
    stepped: bool,
}

/// Makes `socket` the one that replies go to.
pub(crate) fn connect(socket: UnixStream) {
    let _ = OUTPUT.set(Mutex::new(Output { socket, seal: Seal::new(0), frames: Vec::new() }));
}

/// Takes the key of the request that is answered next.
pub(crate) fn seal(key: u64) {
    if let Some(output) = OUTPUT.get() {
        lock(output).seal = Seal::new(key);
    }
}

impl Replies {
    /// Replies that are buffered.
    pub(crate) fn new() -> Self {
        Self { stepped: false }
    }

    /// Says how many commands the program has; see [`STEPPED`].
    pub fn expect(&mut self, commands: usize) {
        self.stepped = commands <= STEPPED;
    }

    /// Sends the answer to one command.
    pub fn send<R: Serialize>(&mut self, reply: &R) {
        send(&(Message::Reply, reply), self.stepped);
    }

    /// Sends an answer at which the judge looks at this process, and waits until it has; the byte that it sends then.
    ///
    /// The system adds up the processor time of a thread when it leaves its processor: of one that runs it tells the time
    /// of a tick ago, some milliseconds. And what was timed takes as long as many batches to be let go of, which a judge
    /// that looks late would see.
    pub fn mark<R: Serialize>(&mut self, reply: &R) -> u8 {
        send(&(Message::Mark, reply), true);
        let socket = OUTPUT.get().map(|output| lock(output).socket.try_clone());
        let mut word = [0];
        let Some(Ok(mut socket)) = socket else { return word[0] };
        if socket.read_exact(&mut word).is_err() {
            std::process::exit(EXIT_ORPHANED);
        }
        word[0]
    }
}

fn lock(output: &Mutex<Output>) -> MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends a message, with what goes in its frame. Where the judge is gone there is nobody left to work for, and the
/// process ends.
pub(crate) fn send(message: &impl Serialize, flush: bool) {
    let Some(output) = OUTPUT.get() else { return };
    let Output { socket, seal, frames } = &mut *lock(output);
    let mut sent = push_frame(frames, &(seal.number(), message));
    if flush || frames.len() >= BUFFERED {
        sent = sent.and_then(|()| socket.write_all(frames));
        frames.clear();
    }
    if sent.is_err() {
        std::process::exit(EXIT_ORPHANED);
    }
}

/// The driver's exit code when the judge has gone.
const EXIT_ORPHANED: i32 = 3;
