//! Judging a timed replay: the driver's clocks against ours, and its blocks against those of an untimed one.

use super::{Command, Heap, Law, Replay, Reply, walk};
use crate::client::Client;
use crate::duel::Rounds;
use crate::fault::{Fault, Judged};
use crate::timing::{found, found_beside};
use driverkit::heap::rehearsal;
use serde::Serialize;

/// What a timed replay has to do, as it was done without a clock.
#[derive(Debug)]
pub struct Race {
    /// Where each block came to lie, one entry a command; `u32::MAX` for a free.
    offsets: Vec<u32>,
    /// How many batches there are.
    batches: usize,
}

impl Race {
    /// Carries out untimed, and so under all laws, what `replay` is going to time after `beginning`: speed is bought
    /// with wrong answers, or with another way to work, only where it shows.
    ///
    /// # Errors
    ///
    /// As [`Heap::hold`], and where a command is not served.
    pub fn untimed<Q: Serialize>(
        heap: &Heap<'_, Q>,
        replay: &Replay,
        beginning: &[Command],
        law: Law<'_>,
    ) -> Judged<Self> {
        let rehearsal = rehearsal(beginning, &replay.commands, replay.rehearsal);
        let (first, count) = (rehearsal.len() + 1, beginning.len() + replay.commands.len());
        let commands =
            [&rehearsal, &[Command::DeallocateAll][..], beginning, &replay.commands, &[walk()]].concat();
        let story = heap.hold(heap.program(replay.region, commands), law)?;
        let offset = |(index, reply): (usize, &Reply)| match reply {
            Reply::Block { offset, .. } | Reply::Moved { offset, .. } => Ok(*offset as u32),
            Reply::Freed { .. } => Ok(u32::MAX),
            _ => Err(heap.failed(&story, format!("Command {} of what is timed was not served.", index + 1))),
        };
        let timed = story.replies.iter().enumerate().skip(first).take(count);
        let offsets = timed.map(offset).collect::<Judged<_>>()?;
        Ok(Self { offsets, batches: replay.commands.len().div_ceil(replay.batch as usize) })
    }
}

/// Runs one timed request in a fresh process, and judges its clock and its blocks.
///
/// # Errors
///
/// The driver's end; a claimed time that our clocks contradict; rounds that were left out; blocks that lie elsewhere
/// than they do untimed.
pub fn timed<Q: Serialize>(client: &Client<'_>, request: &Q, race: &Race) -> Judged<Rounds> {
    let (rounds, offsets): (Rounds, Vec<u32>) = found(client, request, race.batches)?;
    race.agrees(&offsets).map(|()| rounds)
}

/// The same of a replay beside itself and a peer: the rounds, and those of the second contestant beside the peer.
///
/// # Errors
///
/// As there.
pub fn scaled<Q: Serialize>(client: &Client<'_>, request: &Q, race: &Race) -> Judged<(Rounds, Rounds)> {
    let (rounds, (offsets, peer)): (Rounds, (Vec<u32>, _)) = found_beside(client, request, race.batches)?;
    race.agrees(&offsets)?;
    if peer.len() != rounds.len() {
        return Err(Fault::failed("Batches of the timed loop are missing."));
    }
    let beside = rounds.iter().zip(peer).map(|([_, few, _], peer)| [*few, peer, peer]).collect();
    Ok((rounds, beside))
}

impl Race {
    /// Whether blocks lie where they do untimed.
    fn agrees(&self, offsets: &[u32]) -> Judged {
        if offsets.len() != self.offsets.len() {
            return Err(Fault::failed("The timed loop left commands out."));
        }
        match offsets.iter().zip(&self.offsets).position(|(timed, untimed)| timed != untimed) {
            None => Ok(()),
            Some(index) => Err(Fault::failed(format!(
                "At command {} of what is timed, the block lies at offset {} where a clock runs and at {} where none does. \
                 The same calls have to give the same blocks each time.",
                index + 1,
                offsets[index],
                self.offsets[index]
            ))),
        }
    }
}
