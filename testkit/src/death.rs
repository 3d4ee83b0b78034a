//! How a driver ended, and what that means.

use crate::fault::{Failure, Fault};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// Why there is no further reply.
#[derive(Debug)]
pub enum Death {
    /// It told of a panic.
    Panicked {
        /// The panic's message.
        message: String,
        /// `file:line`.
        location: String,
    },
    /// The socket closed; the process had this status, or was still running and was killed.
    Ended(Option<ExitStatus>),
    /// No reply in time; it was killed.
    Hung(Duration),
    /// It sent what is no message.
    Garbled(String),
    /// It wrote more to its standard output or error than it may.
    Flooded,
}

impl Death {
    /// The verdict. `said` is the end of what the driver wrote to its standard error.
    pub fn fault(&self, said: &str) -> Fault {
        match self {
            Self::Panicked { message, location } => panicked(message, location),
            Self::Hung(after) => Fault::TimedOut(Failure::from(format!(
                "There was no reply within {:.0} s. An endless loop, or far too much work for one command.",
                after.as_secs_f64()
            ))),
            Self::Garbled(why) => {
                Fault::failed(format!("The driver sent something that is no reply ({why})."))
            }
            Self::Flooded => Fault::Crashed(Failure::from(
                "The code printed more than 1 MiB. Take debugging output out, or print less.".to_owned(),
            )),
            Self::Ended(status) => ended(*status, said),
        }
    }
}

fn panicked(message: &str, location: &str) -> Fault {
    // What `todo!` and `unimplemented!` begin with. Claiming it falsely earns nothing.
    for prefix in ["not yet implemented", "not implemented"] {
        if let Some(rest) = message.strip_prefix(prefix) {
            let rest = rest.trim_start_matches(": ");
            return Fault::NotAttempted(Failure::from(format!("Reached a `todo!` at {location}: {rest}")));
        }
    }
    Fault::Crashed(Failure::from(format!("The code panicked at {location}: {message}")))
}

fn ended(status: Option<ExitStatus>, said: &str) -> Fault {
    let Some(status) = status else {
        return Fault::Crashed(Failure::from("The driver closed its socket without a reply.".to_owned()));
    };
    if said.contains("memory allocation of") {
        return Fault::OutOfMemory(Failure::from(
            "The code asked the system for more memory than a driver may have. A table that grows without \
             end, or a size that wrapped?"
                .to_owned(),
        ));
    }
    if said.contains("has overflowed its stack") {
        return Fault::Crashed(Failure::from(
            "The stack overflowed (8 MiB). Recursion without end, or a large array on the stack?".to_owned(),
        ));
    }
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(libc::SIGSEGV)) => "was killed by a segmentation fault (SIGSEGV)".to_owned(),
        (None, Some(libc::SIGBUS)) => "was killed by a bus error (SIGBUS)".to_owned(),
        (None, Some(libc::SIGABRT)) => "aborted (SIGABRT)".to_owned(),
        (None, Some(libc::SIGILL)) => "was killed by an illegal instruction (SIGILL)".to_owned(),
        (None, Some(libc::SIGKILL)) => {
            return Fault::OutOfMemory(Failure::from(
                "The driver was killed from outside, most likely for its memory.".to_owned(),
            ));
        }
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    };
    let said = said.trim();
    let said = if said.is_empty() { String::new() } else { format!(" It wrote: {said}") };
    Fault::Crashed(Failure::from(format!("The driver {how} without a reply.{said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(death: &Death, said: &str) -> &'static str {
        death.fault(said).verdict()
    }

    #[test]
    fn every_end_has_its_verdict() {
        let panicked =
            |message: &str| Death::Panicked { message: message.to_owned(), location: String::new() };
        let signal = |signal| Death::Ended(Some(ExitStatus::from_raw(signal)));
        assert_eq!(verdict(&panicked("not yet implemented: ps1.buddy.new"), ""), "NotAttempted");
        assert_eq!(verdict(&panicked("attempt to add with overflow"), ""), "Crashed");
        assert_eq!(verdict(&Death::Hung(Duration::from_secs(1)), ""), "TimedOut");
        assert_eq!(verdict(&Death::Garbled(String::new()), ""), "Failed");
        assert_eq!(verdict(&Death::Flooded, ""), "Crashed");
        assert_eq!(verdict(&signal(0), ""), "Crashed");
        assert_eq!(verdict(&signal(libc::SIGSEGV), ""), "Crashed");
        assert_eq!(verdict(&signal(libc::SIGKILL), ""), "OutOfMemory");
        assert_eq!(verdict(&signal(libc::SIGABRT), "memory allocation of 9 bytes failed"), "OutOfMemory");
    }
}
