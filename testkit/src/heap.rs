//! Judging an allocator over a region by its transcript.
//!
//! A [`Program`] goes out, replies come back, and an [`Oracle`] that knows nothing of the allocator's
//! design holds them against what every allocator owes: blocks inside the region, large enough, aligned,
//! apart, their contents untouched, and a walk that tells the truth. What one design owes on top stands in
//! its own checks, as laws over [`Oracle`] and walk.

mod choices;
mod oracle;
mod source;
mod stress;
mod timing;

pub use choices::{Choice, Sizes, choices, lower};
pub use driverkit::heap::{
    Command, Extent, Kind, Program, Refusal, Replay, Reply, Scale, Stress, Stressed, expected_sum,
};
pub use oracle::{Block, Oracle};
pub use source::{source, spell};
pub use stress::stressed;
pub use timing::{Race, scaled, timed};

use crate::client::Client;
use crate::fault::{Fault, Judged};
use driverkit::replies::STEPPED;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Asks for `size` bytes aligned to `align`, as block `id`.
pub const fn allocate(id: u32, size: u64, align: u64) -> Command {
    Command::Allocate { id, size, align }
}

/// Moves block `id` to `size` bytes.
pub const fn reallocate(id: u32, size: u64) -> Command {
    Command::Reallocate { id, size }
}

/// Frees block `id`.
pub const fn deallocate(id: u32) -> Command {
    Command::Deallocate { id }
}

/// Frees an address that is no live block's start, or with a layout that is not the block's.
pub const fn deallocate_at(offset: i64, size: u64, align: u64) -> Command {
    Command::DeallocateAt { offset, size, align }
}

/// Frees block `id` as another thread would.
pub const fn deallocate_remotely(id: u32) -> Command {
    Command::DeallocateRemotely { id }
}

/// Asks for a report of every extent.
pub const fn walk() -> Command {
    Command::Walk
}

/// An exercise's allocator, as a judge reaches it.
pub struct Heap<'c, Q> {
    client: Client<'c>,
    exercise: &'static str,
    request: fn(Program) -> Q,
}

/// What a design owes on top of what the oracle knows: called after every command, with its reply.
pub type Law<'l> = &'l dyn Fn(&Oracle, &Command, &Reply) -> Result<(), String>;

/// A law that asks nothing more.
pub fn nothing_more(_: &Oracle, _: &Command, _: &Reply) -> Result<(), String> {
    Ok(())
}

/// What a driver grows by for other reasons than its allocator, in bytes: for each command as it came and as it is
/// carried out, for each block that it knows, and in all, for pages of code, replies on their way, and the system's
/// own count, which runs behind by some pages a processor.
const A_COMMAND: u64 = size_of::<Command>() as u64 + 8;
const A_BLOCK: u64 = 40;
const UNSEEN: u64 = 1 << 20;

/// How long a program of up to [`STEPPED`] commands may take. Random programs are short, and a hang is shrunk over many of them.
const SHORT: Duration = Duration::from_secs(2);

impl<'c, Q: Serialize> Heap<'c, Q> {
    /// The allocator of `exercise`, asked through `client` by the request that `request` makes.
    pub fn new(client: Client<'c>, exercise: &'static str, request: fn(Program) -> Q) -> Self {
        Self { client, exercise, request }
    }

    /// The line to the driver.
    pub fn client(&self) -> &Client<'c> {
        &self.client
    }

    /// A program for a region of `region` bytes, its payloads from the check's seed.
    pub fn program(&self, region: u64, commands: impl Into<Vec<Command>>) -> Program {
        Program { region, seed: self.client.check().seed(), commands: commands.into() }
    }

    /// Carries out `commands` and holds the replies against the oracle.
    ///
    /// # Errors
    ///
    /// As [`hold`](Self::hold).
    pub fn follow(&self, region: u64, commands: impl Into<Vec<Command>>) -> Judged<Story> {
        self.hold(self.program(region, commands), &nothing_more)
    }

    /// Carries out a program and holds the replies against the oracle and `law`.
    ///
    /// # Errors
    ///
    /// The first reply that breaks either, or how the driver ended; with the program as source.
    pub fn hold(&self, program: Program, law: Law<'_>) -> Judged<Story> {
        let long = program.commands.len() > STEPPED;
        if program.commands.last() == Some(&Command::Metadata) {
            // What it grows by would not be seen in a process that has been as large before.
            self.client.restart();
        }
        let request = (self.request)(program.clone());
        let limit = if long { self.client.limit() } else { SHORT };
        let mut oracle = Oracle::new(&program);
        let mut replies: Vec<Reply> = Vec::with_capacity(program.commands.len());
        let mut broken = Ok(());
        let answered = self.client.ask_each(&request, limit, &mut |reply| {
            let index = replies.len();
            if let (Ok(()), Some(command)) = (&broken, program.commands.get(index)) {
                let observed = oracle.observe(command, &reply).and_then(|()| law(&oracle, command, &reply));
                broken = observed.map_err(|why| format!("{}: {why}", Step { index, command }));
            }
            replies.push(reply);
        });
        // What came before the driver's end is told first.
        broken.map_err(|why| self.with_source(Fault::failed(why), &program))?;
        match (answered.err(), program.commands.get(replies.len())) {
            (Some(fault), Some(command)) => {
                let index = replies.len();
                // Replies to a long program are buffered, and what was in the buffer went with the driver.
                let place = match long {
                    true => format!("Some time after command {index}: "),
                    false => format!("At {}: ", Step { index, command }),
                };
                let fault = fault.map(|failure| failure.message.insert_str(0, &place));
                Err(self.with_source(fault, &program))
            }
            (Some(fault), None) => {
                let fault = fault.map(|failure| {
                    failure.message.insert_str(0, "After the last command, as the allocator was dropped: ");
                });
                Err(self.with_source(fault, &program))
            }
            (None, Some(_)) => Err(Fault::OutOfMemory(
                "The driver could not map its region: earlier ones were not given back.".to_owned().into(),
            )),
            (None, None) => Ok(Story { program, replies, oracle, grown: self.client.grown() }),
        }
    }

    /// A fault that shows `program` as source, if it is short enough to read.
    pub fn with_source(&self, fault: Fault, program: &Program) -> Fault {
        fault.map(|failure| {
            if program.commands.len() <= STEPPED && failure.program.is_none() {
                failure.program = Some(source(self.exercise, program));
            }
        })
    }

    /// A failed judgement of a story.
    pub fn failed(&self, story: &Story, why: impl Into<String>) -> Fault {
        self.with_source(Fault::failed(why), &story.program)
    }
}

impl<Q> fmt::Debug for Heap<'_, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap").field("exercise", &self.exercise).finish_non_exhaustive()
    }
}

/// A command and where it stands, for messages.
struct Step<'a> {
    index: usize,
    command: &'a Command,
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command {}, `{}`", self.index + 1, spell(self.command))
    }
}

/// A program that was carried out and broke no law.
#[derive(Debug)]
pub struct Story {
    /// What was done.
    pub program: Program,
    /// What was replied, one reply a command.
    pub replies: Vec<Reply>,
    /// What is live at the end, and what the program has used.
    pub oracle: Oracle,
    /// By how many bytes the driver has grown since it began, where the system tells.
    grown: Option<u64>,
}

impl Story {
    /// Whether the command at `index` was served.
    pub fn served(&self, index: usize) -> bool {
        matches!(
            self.replies.get(index),
            Some(Reply::Block { .. } | Reply::Moved { .. } | Reply::Freed { .. })
        )
    }

    /// The block that the command at `index` gave: offset and length.
    pub fn block(&self, index: usize) -> Option<(u64, u64)> {
        match self.replies.get(index)? {
            Reply::Block { offset, len } | Reply::Moved { offset, len, .. } => Some((*offset as u64, *len)),
            _ => None,
        }
    }

    /// The extents of the walk at `index`.
    pub fn extents(&self, index: usize) -> &[Extent] {
        match self.replies.get(index) {
            Some(Reply::Extents(extents)) => extents,
            _ => &[],
        }
    }

    /// The bytes of the region that were ever in use, and what was held outside, if the last command asks for that.
    pub fn footprint(&self) -> u64 {
        self.oracle.footprint() + self.metadata().unwrap_or(0)
    }

    /// What the allocator has held outside its region in bytes, if the program's last command asks for that. What its
    /// calls have taken is known to the byte; what it has by other ways, such as statics, threads or maps of its own,
    /// is seen in the process as a whole.
    pub fn metadata(&self) -> Option<u64> {
        let Some(Reply::Metadata(metered)) = self.replies.last() else { return None };
        let ids = self
            .program
            .commands
            .iter()
            .filter(|command| matches!(command, Command::Allocate { .. }))
            .count();
        let own = self.program.commands.len() as u64 * A_COMMAND + ids as u64 * A_BLOCK + UNSEEN;
        let hidden = self.grown.unwrap_or(0).saturating_sub(self.oracle.footprint() + own);
        Some(hidden.max(*metered))
    }
}
