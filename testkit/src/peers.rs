//! What peers take by themselves, for an answer that is compared with them.
//!
//! Times are gathered in the memory of the process that the answer runs in. What their sum is, is seen from outside; how
//! it is shared out among the contestants, is not. Code that finds the list, or what its loop keeps on the stack, could
//! give some of its own time to its peer, or have the peer do more. So in a process of its own, in which the answer's code
//! is there and warm but has no turns, peers show what they take, and beside the answer they are taken to need a quarter
//! more at the most: an honest answer has them find the caches colder, and no more. The answer is not told which of
//! the two a process is for before its turns come, or do not.

use crate::fault::Judged;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How much longer than by themselves peers may take beside an answer.
const BESIDE: f64 = 1.25;

/// How often peers are looked at by themselves where they seem to take longer than that: it may have been the machine.
const LOOKS: usize = 3;

/// What the peers of a check's timed programs take by themselves.
#[derive(Debug)]
pub struct Peers(Mutex<Known>);

#[derive(Debug)]
struct Known {
    /// Whether to look at all: there is nothing in it for an answer to deceive its own author.
    wary: bool,
    /// By the program's place among those of a start; each start has the same ones.
    by_place: Vec<Duration>,
    next: usize,
}

impl Peers {
    /// Nothing is known yet. The grader tells whether the answer is somebody else's.
    pub(crate) fn new() -> Self {
        let wary = std::env::var_os("GRADE_WARY").is_some();
        Self(Mutex::new(Known { wary, by_place: Vec::new(), next: 0 }))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a duel, whose programs are none of the last one's.
    pub(crate) fn forget(&self) {
        self.known().by_place.clear();
    }

    /// Begins with the first program again.
    pub(crate) fn next_start(&self) {
        self.known().next = 0;
    }

    /// Cuts `times`, those of the next program's peers beside the answer, down to what is believed. `look` tells what
    /// they take by themselves, all together.
    ///
    /// # Errors
    ///
    /// As `look`'s.
    pub(crate) fn hold(&self, times: Vec<&mut u32>, mut look: impl FnMut() -> Judged<Duration>) -> Judged {
        let place = {
            let mut known = self.known();
            if !known.wary {
                return Ok(());
            }
            known.next += 1;
            known.next - 1
        };
        let taken = Duration::from_nanos(times.iter().map(|nanos| u64::from(**nanos)).sum());
        let known = self.known().by_place.get(place).copied();
        let mut most = known.map_or_else(&mut look, Ok)?;
        for _ in 1..LOOKS {
            if taken <= most.mul_f64(BESIDE) {
                break;
            }
            most = most.max(look()?);
        }
        let by_place = &mut self.known().by_place;
        by_place.resize(by_place.len().max(place + 1), most);
        by_place[place] = most;
        let believed = most.mul_f64(BESIDE).as_secs_f64() / taken.as_secs_f64();
        if believed < 1.0 {
            times.into_iter().for_each(|nanos| *nanos = (f64::from(*nanos) * believed) as u32);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers() -> Peers {
        Peers(Mutex::new(Known { wary: true, by_place: Vec::new(), next: 0 }))
    }

    const ALONE: Duration = Duration::from_nanos(400);

    #[test]
    fn peers_that_take_much_longer_beside_an_answer_are_cut_to_what_they_take_by_themselves_and_a_quarter() {
        let mut times = [900, 100];
        peers().hold(times.iter_mut().collect(), || Ok(ALONE)).expect("a look");
        assert_eq!(times, [450, 50]);
    }

    #[test]
    fn peers_that_take_a_little_longer_are_believed_and_looked_at_once() {
        let (peers, mut looks) = (peers(), 0);
        for _ in 0..5 {
            peers.next_start();
            let mut times = [250, 240];
            let look = || {
                looks += 1;
                Ok(ALONE)
            };
            peers.hold(times.iter_mut().collect(), look).expect("a look");
            assert_eq!(times, [250, 240]);
        }
        assert_eq!(looks, 1);
    }

    #[test]
    fn a_machine_that_became_slower_is_seen_by_another_look() {
        let (mut times, mut looks) = ([500, 500], 0_u32);
        let look = || {
            looks += 1;
            Ok(ALONE * looks)
        };
        peers().hold(times.iter_mut().collect(), look).expect("a look");
        assert_eq!((times, looks), ([500, 500], 2));
    }
}
