//! What exercise L1.1 owes on every program, from replies alone.
//!
//! A program says what the heap gives, so every record and every sum is known, but for the peak, which has its
//! slack.

#[path = "track/choices.rs"]
mod choices;
#[path = "track/loads.rs"]
pub mod loads;
#[path = "track/model.rs"]
pub mod model;
#[path = "track/programs.rs"]
pub mod programs;
#[path = "track/spell.rs"]
mod spell;
#[path = "track/threads.rs"]
pub mod threads;

pub use crate::protocol::track::{Call, Command, HEAP, Program};
pub use choices::{choices, lower};

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::track::Job;
use driverkit::replies::STEPPED;
use model::Model;
use spell::{source, spell};
use std::time::Duration;
use testkit::client::{Build, Client};
use testkit::{Check, Fault, Judged};

/// `malloc(size, 16, site)`, to which the heap answers with `block`.
pub const fn malloc(block: u64, size: u64, site: u32) -> Call {
    Call::Malloc { size, align: 16, site, answer: Some(block) }
}

/// `free(block)`.
pub const fn free(block: u64) -> Call {
    Call::Free { block }
}

/// `realloc(from, size, 16, site)`, to which the heap answers with `to`. From 0 is from `None`.
pub const fn realloc(from: u64, to: u64, size: u64, site: u32) -> Call {
    let block = if from == 0 { None } else { Some(from) };
    Call::Realloc { block, size, align: 16, site, answer: Some(to) }
}

impl Call {
    /// With another alignment.
    #[must_use]
    pub const fn aligned(mut self, to: u64) -> Self {
        if let Self::Malloc { align, .. } | Self::Realloc { align, .. } = &mut self {
            *align = to;
        }
        self
    }

    /// With a heap that fails.
    #[must_use]
    pub const fn failing(mut self) -> Self {
        if let Self::Malloc { answer, .. } | Self::Realloc { answer, .. } = &mut self {
            *answer = None;
        }
        self
    }
}

/// Makes a call.
pub const fn call(call: Call) -> Command {
    Command::Call { call, elsewhere: false, meanwhile: Vec::new() }
}

impl Command {
    /// By a thread that starts for it and ends after it.
    #[must_use]
    pub fn elsewhere(mut self) -> Self {
        if let Self::Call { elsewhere, .. } = &mut self {
            *elsewhere = true;
        }
        self
    }

    /// While the heap is called, another thread makes these calls.
    #[must_use]
    pub fn meanwhile(mut self, calls: impl Into<Vec<Call>>) -> Self {
        if let Self::Call { meanwhile, .. } = &mut self {
            *meanwhile = calls.into();
        }
        self
    }
}

/// Looks at all records and sums.
pub const fn look() -> Command {
    Command::Look
}

/// Goes on with the other tracker.
pub const fn switch() -> Command {
    Command::Switch
}

/// How long a program of up to [`STEPPED`] commands may take: a hang is shrunk over many of them.
const SHORT: Duration = Duration::from_secs(2);

/// The tracker under judgement.
pub fn client(check: &Check) -> Judged<Client<'_>> {
    Client::new(check, &HOME, Build::Plain)
}

/// Carries out commands on fresh trackers, and holds the replies against the model.
pub fn follow(check: &Check, commands: impl Into<Vec<Command>>) -> Judged {
    hold(&client(check)?, &commands.into())
}

/// Carries out a program, and holds the replies against the model.
pub fn hold(client: &Client<'_>, program: &Program) -> Judged {
    let long = program.len() > STEPPED;
    let request = Request::Track(Job::Run(program.clone()));
    let answer = if long { client.ask(&request) } else { client.ask_within(&request, SHORT) };
    let (replies, fault) = match answer {
        Ok(transcript) => (transcript.replies, None),
        Err((fault, replies)) => (replies, Some(fault)),
    };
    let (mut model, mut other) = (Model::default(), Model::default());
    for (index, (command, reply)) in program.iter().zip(&replies).enumerate() {
        if *command == Command::Switch {
            std::mem::swap(&mut model, &mut other);
        }
        model.observe(command, reply).map_err(|why| {
            let fault = Fault::failed(format!("Command {}, `{}`: {why}.", index + 1, spell(command)));
            with_source(fault, program)
        })?;
    }
    let done = replies.len();
    let place = match program.get(done) {
        _ if long => format!("Some time after command {done}: "),
        Some(command) => format!("At command {}, `{}`: ", done + 1, spell(command)),
        None => "After the last command, as the trackers were dropped: ".to_owned(),
    };
    match fault {
        Some(fault) => {
            let fault = fault.map(|failure| failure.message.insert_str(0, &place));
            Err(with_source(fault, program))
        }
        None if done < program.len() => {
            Err(Fault::failed(format!("The driver left commands out after {done}.")))
        }
        None => Ok(()),
    }
}

/// A fault that shows `program` as source, if it is short enough to read.
fn with_source(fault: Fault, program: &Program) -> Fault {
    fault.map(|failure| {
        if program.len() <= STEPPED && failure.program.is_none() {
            failure.program = Some(source(program));
        }
    })
}
