//! Judging a timed replay: the driver's clock against ours, and the replies against the oracle.

use super::{Command, Program, Reply};
use crate::client::Client;
use crate::duel::Rounds;
use crate::fault::{Fault, Judged};
use crate::heap::oracle::Oracle;
use crate::timing::{ask, total};
use driverkit::heap::Timed;
use serde::Serialize;

/// What is timed.
#[derive(Debug, Clone, Copy)]
pub struct Race<'r> {
    /// The region's length in bytes.
    pub region: u64,
    /// Untimed commands before.
    pub beginning: &'r [Command],
    /// The timed ones.
    pub commands: &'r [Command],
    /// Operations in a batch.
    pub batch: u32,
}

/// Runs one timed request in a fresh process, and judges its clock and its blocks.
///
/// # Errors
///
/// The driver's end; a claimed time that our clock contradicts; rounds that were left out; a block that
/// breaks what every allocator owes, so that speed is never bought with wrong answers.
pub fn timed<Q: Serialize>(client: &Client<'_>, request: &Q, race: &Race<'_>) -> Judged<Rounds> {
    let (rounds, offsets) = ask(client, request, |replies| match <[Timed; 2]>::try_from(replies) {
        Ok([Timed::Started, Timed::Timing { rounds, offsets }]) => {
            let claimed = total(&rounds);
            Some(((rounds, offsets), claimed))
        }
        _ => None,
    })?;
    if rounds.len() != race.commands.len().div_ceil(race.batch as usize) {
        return Err(Fault::failed("Batches of the timed loop are missing."));
    }
    sound(race, &offsets)?;
    Ok(rounds)
}

/// Holds what a timed allocator handed out against the oracle. Contents are not written there.
fn sound(race: &Race<'_>, offsets: &[u32]) -> Judged {
    let program = Program { region: race.region, seed: 0, commands: Vec::new() };
    let mut oracle = Oracle::blind(&program);
    let commands = || race.beginning.iter().chain(race.commands);
    if offsets.len() != commands().count() {
        return Err(Fault::failed("The timed loop left commands out."));
    }
    for (index, (command, offset)) in commands().zip(offsets).enumerate() {
        let reply = match (command, *offset) {
            (Command::Deallocate { .. }, _) => Reply::Freed { held: 0 },
            (_, u32::MAX) => return Err(Fault::failed(format!("Timed command {index} was not served."))),
            (Command::Reallocate { size, .. }, offset) => {
                Reply::Moved { offset: i64::from(offset), len: *size, before: 0, kept: 0 }
            }
            (Command::Allocate { size, .. }, offset) => {
                Reply::Block { offset: i64::from(offset), len: *size }
            }
            _ => return Err(Fault::Broke(format!("command {index} can't be timed"))),
        };
        oracle
            .observe(command, &reply)
            .map_err(|why| Fault::failed(format!("In the timed loop, at command {}: {why}", index + 1)))?;
    }
    Ok(())
}
