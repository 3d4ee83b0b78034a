//! Judging a timed loop: the driver's clock against ours, and what was found in it against what was put in.

use crate::client::{Arrived, Client};
use crate::duel::Rounds;
use crate::effort::Effort;
use crate::fault::{Fault, Judged};
use driverkit::timed::{ALL, PEERS, Sum, Timed};
use driverkit::together::Work;
use serde::{Serialize, de::DeserializeOwned};
use std::time::{Duration, Instant};

/// How much longer than the claimed time the outside clock may have seen: what lies between the batches is
/// a shuffle, two readings of the clock and perhaps a turn of another thread, and the last message's way.
const BETWEEN: u32 = 2;
const SLACK: Duration = Duration::from_millis(50);

/// How often a race is run again in which the threads had no two processors.
const ATTEMPTS: usize = 12;
/// How often a request is made whose clocks disagree: ours reads late while other programs have the processor, and
/// a clock that was tampered with disagrees each time.
const DISAGREEMENTS: usize = 3;

/// How much more processor time than the claimed time there may be for each of the threads that are timed, and besides:
/// that clock stands still while other programs have the processor, so it is held more closely. What lies between the
/// batches, shuffles and readings of the clock, comes to well below a millisecond.
const BUSY: f64 = 1.05;
const BESIDES: Duration = Duration::from_micros(1500);

/// A driver's main thread, which waits for the one that serves.
const WAITING: usize = 1;

/// Makes a timed request of a fresh process, in which `threads` threads are timed, and holds the time that it claims against
/// our clocks. `read` makes of the replies what is asked for and the claimed time.
///
/// # Errors
///
/// The driver's end; [`Fault::OutOfMemory`] where it replied nothing; a claimed time that our clocks contradict.
fn ask<Q: Serialize, R: DeserializeOwned, T>(
    threads: usize,
    client: &Client<'_>,
    (request, word): (&Q, u8),
    read: impl Fn(Vec<R>) -> Option<(T, Duration)>,
) -> Judged<T> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let arrived = client.ask_timed(request, word)?;
        let marks: Vec<Mark> = arrived.iter().map(|Arrived { at, effort, .. }| (*at, *effort)).collect();
        let (timing, claimed) = read(arrived.into_iter().map(|arrived| arrived.reply).collect())
            .ok_or_else(|| Fault::OutOfMemory("The driver could not map its regions.".to_owned().into()))?;
        match agrees(claimed, threads, &marks) {
            Err(_) if attempt < DISAGREEMENTS => {}
            judged => return judged.map(|()| timing),
        }
    }
}

/// When a message came, and what the driver had done until then.
type Mark = (Instant, Option<Effort>);

/// Holds the time that a driver claims against the first two messages: its clock runs between them.
fn agrees(claimed: Duration, threads: usize, marks: &[Mark]) -> Judged {
    let [(start, before), (end, after), ..] = marks else { return Ok(()) };
    let outside = end.saturating_duration_since(*start);
    if claimed > outside + SLACK || outside > claimed * BETWEEN + SLACK {
        return Err(Fault::failed(format!(
            "The timed loop claims {claimed:?}, and from outside it took {outside:?}: the clock was tampered \
             with, or work was moved out of the timed part."
        )));
    }
    let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
    let others = before.threads.max(after.threads).saturating_sub(WAITING + threads);
    if others > 0 {
        return Err(Fault::failed(format!(
            "While the clock ran, there were {others} threads beside those that are timed: what they do is done beside \
             the clock."
        )));
    }
    let busy = after.busy.saturating_sub(before.busy);
    if busy > claimed.mul_f64(BUSY * threads as f64) + BESIDES {
        return Err(Fault::failed(format!(
            "The timed loop claims {claimed:?}, and kept processors busy for {busy:?}: the clock was tampered with, or \
             more was done than was timed."
        )));
    }
    Ok(())
}

/// The sum of batches' times.
fn total<'n>(nanos: impl IntoIterator<Item = &'n u32>) -> Duration {
    Duration::from_nanos(nanos.into_iter().map(|nanos| u64::from(*nanos)).sum())
}

/// Runs one timed request in a fresh process, and judges its clock; its rounds, and what was found in them.
///
/// # Errors
///
/// The driver's end; a claimed time that our clocks contradict; batches that were left out.
pub fn found<Q: Serialize, F: DeserializeOwned>(
    client: &Client<'_>,
    request: &Q,
    batches: usize,
) -> Judged<(Rounds, F)> {
    found_of(1, client, request, batches, |_| Duration::ZERO)
}

/// The same of rounds that are the student's alone, where the peer's times are found beside them. A peer that has one turn
/// in four finds its caches so cold that what it takes by itself says little; another race is to hold it to that.
///
/// # Errors
///
/// As there.
pub fn found_beside<Q: Serialize, T: DeserializeOwned>(
    client: &Client<'_>,
    request: &Q,
    batches: usize,
) -> Judged<(Rounds, (T, Vec<u32>))> {
    told(1, client, (request, ALL), batches, |(_, peer)| total(peer))
}

/// The same of what takes `threads` threads, and claims more time than its rounds' by `besides`. Its peers' times are held
/// to what they take [by themselves](crate::peers).
fn found_of<Q: Serialize, F: DeserializeOwned>(
    threads: usize,
    client: &Client<'_>,
    request: &Q,
    batches: usize,
    besides: impl Fn(&F) -> Duration,
) -> Judged<(Rounds, F)> {
    let told = |word| told(threads, client, (request, word), batches, &besides);
    let (mut rounds, found) = told(ALL)?;
    let peers = rounds.iter_mut().flat_map(|[_, peer, twin]| [peer, twin]).collect();
    client.check().peers().hold(peers, || {
        let (rounds, _) = told(PEERS)?;
        Ok(rounds.iter().flat_map(|[_, peer, twin]| [*peer, *twin]).collect())
    })?;
    Ok((rounds, found))
}

/// What one process tells, by the judge's `word`.
fn told<Q: Serialize, F: DeserializeOwned>(
    threads: usize,
    client: &Client<'_>,
    request: (&Q, u8),
    batches: usize,
    besides: impl Fn(&F) -> Duration,
) -> Judged<(Rounds, F)> {
    let (rounds, found) =
        ask(threads, client, request, |replies| match <[Timed<F>; 3]>::try_from(replies) {
            Ok([Timed::Started, Timed::Stopped(rounds), Timed::Found(found)]) => {
                let claimed = total(rounds.iter().flatten()).saturating_add(besides(&found));
                Some(((rounds, found), claimed))
            }
            _ => None,
        })?;
    if rounds.len() != batches {
        return Err(Fault::failed("Batches of the timed loop are missing."));
    }
    Ok((rounds, found))
}

/// Runs one timed request in a fresh process, and judges its clock and its values, which come to `expected`.
///
/// # Errors
///
/// The driver's end; a claimed time that our clock contradicts; batches that were left out; values that are not
/// those that were put in.
pub fn timed<Q: Serialize>(
    client: &Client<'_>,
    request: &Q,
    batches: usize,
    expected: u64,
) -> Judged<Rounds> {
    once(1, client, request, batches, expected).map(|(rounds, _)| rounds)
}

/// The rounds, and how many of them were kept although two threads were hardly at work at once in them.
fn once<Q: Serialize>(
    threads: usize,
    client: &Client<'_>,
    request: &Q,
    batches: usize,
    expected: u64,
) -> Judged<(Rounds, u32)> {
    let lost = |found: &Sum| Duration::from_nanos(found.lost);
    let (rounds, Sum { sum, apart, .. }) = found_of(threads, client, request, batches, lost)?;
    if sum != expected {
        return Err(Fault::failed(
            "In the timed loop, the values that came out are not those that were put in, or some were refused.",
        ));
    }
    Ok((rounds, apart))
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
    expected: u64,
) -> Judged<Rounds> {
    for _ in 0..ATTEMPTS {
        let (rounds, apart) = once(2, client, request, batches, expected)?;
        // Of three contestants' batches.
        if apart as usize <= batches / 4 {
            return Ok(rounds);
        }
    }
    Err(Fault::Broke("the machine is too busy to time two threads at once".to_owned()))
}

/// [`timed_pair`] of [`Work`].
///
/// # Errors
///
/// As there.
pub fn together<Q: Serialize>(client: &Client<'_>, request: &Q, work: &Work) -> Judged<Rounds> {
    timed_pair(client, request, work.batches as usize, work.expected())
}

/// Rounds beside a lock, which takes half as long or twice as long by who happens to get it: so its twin is no
/// control of the machine, and the faster of the two counts.
pub fn beside_a_lock(rounds: Rounds) -> Rounds {
    rounds.into_iter().map(|[student, peer, twin]| [student, peer.min(twin), peer.min(twin)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Two seconds on our clock, in which `busy` seconds of processor time went by.
    fn judged(claimed: u32, threads: usize, there: usize, busy: u32) -> bool {
        let start = Instant::now();
        let effort = |busy| Some(Effort { threads: WAITING + there, busy });
        let marks = [(start, effort(SECOND)), (start + 2 * SECOND, effort(SECOND + SECOND * busy))];
        agrees(SECOND * claimed, threads, &marks).is_ok()
    }

    #[test]
    fn a_clock_is_believed_only_within_what_lies_between_the_batches() {
        for (claimed, believed) in [(1, true), (2, true), (3, false), (0, false)] {
            assert_eq!(judged(claimed, 1, 1, 1), believed, "{claimed} s");
        }
    }

    #[test]
    fn more_threads_or_work_than_what_is_timed_are_told() {
        assert!(judged(2, 1, 1, 2) && judged(2, 2, 2, 4));
        assert!(!judged(2, 1, 2, 2) && !judged(2, 1, 1, 3) && !judged(1, 1, 1, 2));
    }
}
