//! What peers take by themselves, for an answer that is compared with them.
//!
//! Times are gathered in the memory of the process that the answer runs in. What their sum is, is seen from outside; how
//! it is shared out among the contestants, is not. Code that finds the list, or what its loop keeps on the stack, could
//! give some of its own time to its peer, or have the peer do more. So in a process of its own, in which the answer's code
//! is there and warm but has no turns, peers show what they take, and beside the answer they are taken to need half as
//! much again at the most: an honest answer has them find the caches colder, and no more. The answer is not told which of
//! the two a process is for before its turns come, or do not.

use crate::fault::Judged;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How much longer than by themselves peers may take beside an answer. Beside the references most take as long, and short
/// programs up to that.
const BESIDE: f64 = 1.5;

/// How much of a batch is heard of, by the same batch of the other process: in either, another program may have had the
/// processor for as long as a hundred batches.
const HEARD: u32 = 3;

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
    by_place: Vec<Vec<u32>>,
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

    /// Cuts `times`, those of the next program's peers beside the answer, down to what is believed. `look` tells the same
    /// batches' by themselves.
    ///
    /// # Errors
    ///
    /// As `look`'s.
    pub(crate) fn hold(&self, times: Vec<&mut u32>, mut look: impl FnMut() -> Judged<Vec<u32>>) -> Judged {
        let place = {
            let mut known = self.known();
            if !known.wary {
                return Ok(());
            }
            known.next += 1;
            known.next - 1
        };
        let mut look = || look().map(|alone| (longer(&times, &alone), alone));
        // A race of threads that had no two processors is run again, and the places after it are others' then.
        let known = self.known().by_place.get(place).filter(|alone| alone.len() == times.len()).cloned();
        let mut least = match known {
            Some(alone) => (longer(&times, &alone), alone),
            None => look()?,
        };
        for _ in 1..LOOKS {
            if least.0 <= BESIDE {
                break;
            }
            let again = look()?;
            if again.0 < least.0 {
                least = again;
            }
        }
        let (longer, alone) = least;
        let believed = (BESIDE / longer).min(1.0);
        for (nanos, alone) in times.into_iter().zip(&alone) {
            *nanos = (f64::from(heard(*nanos, *alone)) * believed) as u32;
        }
        let by_place = &mut self.known().by_place;
        let places = by_place.len().max(place + 1);
        by_place.resize(places, Vec::new());
        by_place[place] = alone;
        Ok(())
    }
}

/// How many times as long batches took beside the answer.
fn longer(beside: &[&mut u32], alone: &[u32]) -> f64 {
    let (mut all, mut others) = (0.0, 0.0);
    for (beside, alone) in beside.iter().zip(alone) {
        all += f64::from(heard(**beside, *alone));
        others += f64::from(heard(*alone, **beside));
    }
    all / others
}

fn heard(nanos: u32, other: u32) -> u32 {
    nanos.min(other.saturating_mul(HEARD))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers() -> Peers {
        Peers(Mutex::new(Known { wary: true, by_place: Vec::new(), next: 0 }))
    }

    const ALONE: [u32; 2] = [300, 100];

    #[test]
    fn peers_that_take_much_longer_beside_an_answer_are_cut_to_what_they_take_by_themselves_and_a_half() {
        let mut times = [700, 300];
        peers().hold(times.iter_mut().collect(), || Ok(ALONE.to_vec())).expect("a look");
        assert_eq!(times, [420, 180]);
    }

    #[test]
    fn a_burst_in_a_batch_is_not_taken_for_the_answers_doing() {
        let mut times = [300, 100, 90_000, 100];
        let alone = || Ok(vec![300, 100, 100, 80_000]);
        peers().hold(times.iter_mut().collect(), alone).expect("a look");
        assert_eq!(times, [300, 100, 300, 100]);
    }

    #[test]
    fn peers_that_take_a_little_longer_are_believed_and_looked_at_once() {
        let (peers, mut looks) = (peers(), 0);
        for _ in 0..5 {
            peers.next_start();
            let mut times = [450, 120];
            let look = || {
                looks += 1;
                Ok(ALONE.to_vec())
            };
            peers.hold(times.iter_mut().collect(), look).expect("a look");
            assert_eq!(times, [450, 120]);
        }
        assert_eq!(looks, 1);
    }

    #[test]
    fn what_is_known_of_another_programs_peers_is_not_held_against_these() {
        let peers = peers();
        peers.hold([&mut 5, &mut 5, &mut 5].into(), || Ok(vec![5; 3])).expect("a look");
        peers.next_start();
        let mut times = [450, 120];
        peers.hold(times.iter_mut().collect(), || Ok(ALONE.to_vec())).expect("a look");
        assert_eq!(times, [450, 120]);
    }

    #[test]
    fn a_machine_that_became_slower_is_seen_by_another_look() {
        let (mut times, mut looks) = ([600, 200], 0_u32);
        let look = || {
            looks += 1;
            Ok(ALONE.map(|nanos| nanos * looks).to_vec())
        };
        peers().hold(times.iter_mut().collect(), look).expect("a look");
        assert_eq!((times, looks), ([600, 200], 2));
    }
}
