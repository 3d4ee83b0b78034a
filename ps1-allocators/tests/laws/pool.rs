//! What exercise 1.3 owes, from replies alone.
//!
//! A program says which values are live, so every reply is known but for the keys, and of those it is known
//! that no two are the same. Which slot a value gets is the design's own choice.

#[path = "pool/choices.rs"]
mod choices;
#[path = "pool/model.rs"]
mod model;
#[path = "pool/models.rs"]
pub mod models;
#[path = "pool/timing.rs"]
pub mod timing;

pub use crate::protocol::pool::{Command, Kind, Program, Which};
pub use choices::{choices, lower};

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::pool::Job;
use driverkit::replies::STEPPED;
use model::Model;
use std::time::Duration;
use testkit::client::{Build, Client};
use testkit::{Check, Fault, Judged};

/// Inserts value `id`; what it is given, a key or a box, goes by the same id from now on.
pub const fn insert(id: u32) -> Command {
    Command::Insert { id }
}

/// Takes the value out: `remove`, or `PoolBox::take`.
pub const fn take(id: u32) -> Command {
    Command::Take { id }
}

/// Drops a box; of a key, the value that `remove` gives.
pub const fn discard(id: u32) -> Command {
    Command::Drop { id }
}

/// Reads the value in place.
pub const fn get(id: u32) -> Command {
    Command::Get { id }
}

/// Assigns value `to` to the place of the one that is there.
pub const fn change(id: u32, to: u32) -> Command {
    Command::Change { id, to }
}

/// Looks up, or removes, the key that has so much more index and generation than that of `id`.
pub const fn forge(id: u32, index: u32, generation: u32, remove: bool) -> Command {
    Command::Forge { id, index, generation, remove }
}

/// Looks at every value, at length and capacity, and at the count of drops of every value.
pub const fn sweep() -> Command {
    Command::Sweep
}

/// Drops the pool, after all boxes in it, and makes a new one.
pub const fn renew() -> Command {
    Command::Renew
}

/// How long a program of up to [`STEPPED`] commands may take: a hang is shrunk over many of them.
const SHORT: Duration = Duration::from_secs(2);

/// The pools under judgement.
pub fn client(check: &Check) -> Judged<Client<'_>> {
    Client::new(check, &HOME, Build::Plain)
}

/// Carries out commands on a fresh pool, and holds the replies against the model.
pub fn follow(
    check: &Check,
    which: Which,
    kind: Kind,
    capacity: u32,
    commands: impl Into<Vec<Command>>,
) -> Judged {
    hold(&client(check)?, Program { which, kind, capacity, seed: check.seed(), commands: commands.into() })
}

/// As [`follow`], on both pools.
pub fn follow_both(check: &Check, kind: Kind, capacity: u32, commands: &[Command]) -> Judged {
    for which in [Which::Keyed, Which::Shared] {
        follow(check, which, kind, capacity, commands)?;
    }
    Ok(())
}

/// Carries out a program, and holds the replies against the model.
pub fn hold(client: &Client<'_>, program: Program) -> Judged {
    let long = program.commands.len() > STEPPED;
    let request = Request::Pool(Job::Run(program.clone()));
    let answer = if long { client.ask(&request) } else { client.ask_within(&request, SHORT) };
    let (replies, fault) = match answer {
        Ok(transcript) => (transcript.replies, None),
        Err((fault, replies)) => (replies, Some(fault)),
    };
    let mut model = Model::new(&program);
    for (index, (command, reply)) in program.commands.iter().zip(&replies).enumerate() {
        let place = format!("Command {}, `{}`", index + 1, spell(command));
        let broken = model.observe(command, reply).map_err(|why| Fault::failed(format!("{place}: {why}.")));
        broken.map_err(|fault| with_source(fault, &program))?;
    }
    let done = replies.len();
    let place = match program.commands.get(done) {
        _ if long => format!("Some time after command {done}: "),
        Some(command) => format!("At command {}, `{}`: ", done + 1, spell(command)),
        None => "After the last command, as the pool was dropped: ".to_owned(),
    };
    match fault {
        Some(fault) => {
            let fault = fault.map(|failure| failure.message.insert_str(0, &place));
            Err(with_source(fault, &program))
        }
        None if done < program.commands.len() => {
            Err(Fault::failed(format!("The driver left commands out after {done}.")))
        }
        None => Ok(()),
    }
}

/// A fault that shows `program` as source, if it is short enough to read.
fn with_source(fault: Fault, program: &Program) -> Fault {
    fault.map(|failure| {
        if program.commands.len() <= STEPPED && failure.program.is_none() {
            failure.program = Some(source(program));
        }
    })
}

/// A program as a test for `tests/public/pool/yours.rs`.
fn source(program: &Program) -> String {
    let Program { which, kind, capacity, commands, .. } = program;
    let commands: String =
        commands.iter().map(|command| format!("            {},\n", spell(command))).collect();
    format!(
        "// paste into tests/public/pool/yours.rs\n#[test]\nfn shortest_failing_program() {{\n    \
         judge(|check| {{\n        let commands = [\n{commands}        ];\n        follow(check, \
         Which::{which:?}, Kind::{kind:?}, {capacity}, commands)\n    }});\n}}\n"
    )
}

/// A command as the call that makes it.
fn spell(command: &Command) -> String {
    match command {
        Command::Insert { id } => format!("insert({id})"),
        Command::Take { id } => format!("take({id})"),
        Command::Drop { id } => format!("discard({id})"),
        Command::Get { id } => format!("get({id})"),
        Command::Change { id, to } => format!("change({id}, {to})"),
        Command::Forge { id, index, generation, remove } => {
            format!("forge({id}, {index}, {generation}, {remove})")
        }
        Command::Sweep => "sweep()".to_owned(),
        Command::Renew => "renew()".to_owned(),
    }
}
