//! The driver's end of the socket.

use crate::wire::{Message, encode, write_frame};
use serde::Serialize;
use std::io::{BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Programs up to this many commands have every reply flushed, so that a crash shows which command it
/// was; longer ones are buffered, since a system call a command would cost more than the commands.
pub const STEPPED: usize = 1000;

/// The socket, shared with the panic hook.
static SOCKET: OnceLock<Mutex<BufWriter<UnixStream>>> = OnceLock::new();

/// Sends replies to the judge.
#[derive(Debug)]
pub struct Replies {
    stepped: bool,
}

/// Makes `socket` the one that replies go to.
pub(crate) fn connect(socket: UnixStream) {
    let _ = SOCKET.set(Mutex::new(BufWriter::with_capacity(64 << 10, socket)));
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
        if let Ok(bytes) = encode(reply) {
            send(&Message::Reply(bytes), self.stepped);
        }
    }
}

/// Sends a message. Where the judge is gone there is nobody left to work for, and the process ends.
pub(crate) fn send(message: &Message, flush: bool) {
    let Some(socket) = SOCKET.get() else { return };
    let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
    let sent = write_frame(&mut *socket, message);
    if sent.and_then(|()| if flush { socket.flush() } else { Ok(()) }).is_err() {
        std::process::exit(EXIT_ORPHANED);
    }
}

/// The driver's exit code when the judge has gone.
const EXIT_ORPHANED: i32 = 3;
