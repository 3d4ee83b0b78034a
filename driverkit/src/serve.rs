//! The loop of every driver.

use crate::lock;
use crate::replies::{self, Replies};
use crate::wire::{Message, decode, read_frame};
use serde::de::DeserializeOwned;
use std::io::BufReader;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Instant;

/// The stack of the thread that student code runs on, in bytes. A thread of its own, since the main
/// thread's overflow is a silent fault under a sandbox that hides `/proc`.
const STACK: usize = 8 << 20;

/// Exit code after a panic, as the standard library's.
const EXIT_PANICKED: i32 = 101;

/// Serves requests from standard input until its end.
///
/// `carry_out` answers one request. `submission` is what the library was built from; the judge compares.
pub fn serve<Q: DeserializeOwned>(
    submission: Option<&str>,
    carry_out: impl FnMut(Q, &mut Replies) + Send + 'static,
) -> ExitCode {
    let socket = std::io::stdin().as_fd().try_clone_to_owned();
    let halves = socket.map(UnixStream::from).and_then(|socket| Ok((socket.try_clone()?, socket)));
    let Ok((to, from)) = halves else {
        eprintln!("a driver is started by a judge, with a socket as its standard input");
        return ExitCode::FAILURE;
    };
    if to.peer_addr().is_err() {
        eprintln!("a driver is started by a judge; run `cargo grade` or `cargo test` instead");
        return ExitCode::FAILURE;
    }
    hide_stdin();
    lock::lock();
    replies::connect(to);
    report_panics();
    replies::send(&Message::Hello { submission: submission.map(str::to_owned) }, true);
    let student = std::thread::Builder::new().stack_size(STACK).name("student".to_owned());
    match student.spawn(move || answer(BufReader::new(from), carry_out)).map(|thread| thread.join()) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn answer<Q: DeserializeOwned>(mut from: BufReader<UnixStream>, mut carry_out: impl FnMut(Q, &mut Replies)) {
    let mut frame = Vec::new();
    while let Ok(true) = read_frame(&mut from, &mut frame) {
        let Some((key, request)) = frame.split_first_chunk_mut() else { return };
        replies::seal(u64::from_le_bytes(std::mem::take(key)));
        let Ok(request) = decode(request) else { return };
        let start = Instant::now();
        carry_out(request, &mut Replies::new());
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        replies::send(&Message::Done { nanos }, true);
    }
}

/// Tells the judge of a panic, whoever would have caught it, and ends the process: what follows a panic
/// behind `extern "C"`, in a destructor or in an allocator may abort before anyone can tell.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("a panic without a message").to_owned();
        let location = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
        replies::send(&Message::Panicked { message, location: location.unwrap_or_default() }, true);
        std::process::exit(EXIT_PANICKED);
    }));
}

/// Puts `/dev/null` in the place of standard input, so that student code that reads it finds nothing
/// rather than the judge's next request.
fn hide_stdin() {
    if let Ok(null) = std::fs::File::open("/dev/null") {
        let null = OwnedFd::from(null);
        // SAFETY: both descriptors are open, and `Stdin` holds no assumption about what 0 refers to.
        unsafe { libc::dup2(std::os::fd::AsRawFd::as_raw_fd(&null), 0) };
    }
}
