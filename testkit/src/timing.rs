//! Judging a timed loop: the driver's clock against ours, and what came of it against what should have.

use crate::client::Client;
use crate::duel::Rounds;
use crate::fault::{Fault, Judged};
use driverkit::timed::Timed;
use serde::Serialize;
use std::time::Duration;

/// How much longer than the claimed time the outside clock may have seen: what lies between the batches is
/// a shuffle, two readings of the clock and maybe a turn of another thread, and the last message's way.
const BETWEEN: u32 = 2;
const SLACK: Duration = Duration::from_millis(50);

/// How often a race is run again in which the threads had no two processors.
const ATTEMPTS: usize = 12;

/// Runs one timed request in a fresh process, and judges its clock, its batches and its sum.
///
/// # Errors
///
/// The driver's end; a claimed time that our clock contradicts; batches that were left out; another sum.
pub fn timed<Q: Serialize>(client: &Client<'_>, request: &Q, batches: usize, sum: u64) -> Judged<Rounds> {
    once(client, request, batches, sum).map(|(rounds, _)| rounds)
}

/// As [`timed`], of two threads.
///
/// # Errors
///
/// As there; [`Fault::Broke`] where the machine does not run two threads at once.
pub fn timed_pair<Q: Serialize>(
    client: &Client<'_>,
    request: &Q,
    batches: usize,
    sum: u64,
) -> Judged<Rounds> {
    for _ in 0..ATTEMPTS {
        let (rounds, apart) = once(client, request, batches, sum)?;
        // Of three contestants' batches.
        if apart as usize <= batches / 4 {
            return Ok(rounds);
        }
    }
    Err(Fault::Broke("the machine is too busy to time two threads at once".to_owned()))
}

/// The rounds, and how many of them two threads did apart.
fn once<Q: Serialize>(
    client: &Client<'_>,
    request: &Q,
    batches: usize,
    expected: u64,
) -> Judged<(Rounds, u32)> {
    client.restart();
    let transcript = client.ask::<_, Timed>(request).map_err(|(fault, _)| fault)?;
    let (Some(Timed::Started), Some(Timed::Timing { rounds, sum, lost, apart })) =
        (transcript.replies.first(), transcript.replies.get(1))
    else {
        return Err(Fault::failed("The timed loop gave no result."));
    };
    clock(rounds, *lost, transcript.arrivals[1].saturating_sub(transcript.arrivals[0]))?;
    if rounds.len() != batches {
        return Err(Fault::failed("Batches of the timed loop are missing."));
    }
    if *sum != expected {
        return Err(Fault::failed("What came of the timed loop is not what the same steps come to untimed."));
    }
    Ok((rounds.clone(), *apart))
}

/// Holds the time that the driver claims for its rounds, and for batches that it did again, against ours.
pub(crate) fn clock(rounds: &Rounds, lost: u64, outside: Duration) -> Judged {
    let claimed: u64 = rounds.iter().flatten().map(|nanos| u64::from(*nanos)).sum();
    let claimed = Duration::from_nanos(claimed.saturating_add(lost));
    if claimed > outside + SLACK || outside > claimed * BETWEEN + SLACK {
        return Err(Fault::failed(format!(
            "The timed loop claims {claimed:?}, and from outside it took {outside:?}: the clock was tampered \
             with, or work was moved out of the timed part."
        )));
    }
    Ok(())
}
