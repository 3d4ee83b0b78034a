//! The laws of a ring and a seqlock under loom.
//!
//! A queue and a register with whole operations, one after the other, say what *has to* come out of a model:
//! each order of the threads' operations is one of its interleavings. What *may* come out is said by laws,
//! since memory is weaker than that: a producer may see late that a slot is free.

use super::ask_one;
use crate::home::HOME;
use crate::protocol::ordering::{Job, RingModel, RingOutcome, SeqLockModel, SeqLockOutcome, Weakening};
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;
use testkit::client::{Build, Client};
use testkit::{Check, Fault, Judged};

/// A line to the driver for models.
pub fn loom(check: &Check) -> Judged<Client<'_>> {
    Client::new(check, &HOME, Build::Loom)
}

/// Something that loom explores.
pub trait Model: Clone + Debug {
    /// What an interleaving comes to.
    type Outcome: Ord + Clone + Debug + DeserializeOwned;

    /// The request.
    fn job(&self, weakened: Option<Weakening>) -> Job;

    /// What whole operations give, one after the other, in each order of few turns.
    fn owed(&self) -> BTreeSet<Self::Outcome>;

    /// What is wrong with an outcome, if anything is.
    fn wrong(&self, outcome: &Self::Outcome) -> Option<String>;

    /// The model in a sentence.
    fn told(&self) -> String;

    /// The same where loads give another number than is there, if what comes out has to come from loads.
    fn forged(&self) -> Option<Self>;
}

/// Explores a model, with one site weakened or as it is, and holds the outcomes against the laws.
pub fn explore<M: Model>(client: &Client<'_>, model: &M, weakened: Option<Weakening>) -> Judged {
    let forged = model.forged().filter(|_| weakened.is_none());
    hold(client, model, weakened)?;
    forged.map_or(Ok(()), |forged| hold(client, &forged, None))
}

fn hold<M: Model>(client: &Client<'_>, model: &M, weakened: Option<Weakening>) -> Judged {
    let given = ask_one::<Vec<M::Outcome>>(client, model.job(weakened)).map_err(|fault| {
        fault.map(|failure| failure.message.insert_str(0, &format!("{}: ", model.told())))
    })?;
    for outcome in &given {
        if let Some(wrong) = model.wrong(outcome) {
            let told = model.told();
            return Err(Fault::failed(format!("{told}: an interleaving came to {outcome:?}. {wrong}")));
        }
    }
    let given: BTreeSet<_> = given.into_iter().collect();
    match model.owed().difference(&given).next() {
        None => Ok(()),
        Some(missing) => Err(Fault::failed(format!(
            "{}: no interleaving came to {missing:?}, which is what whole operations one after the other give. \
             {} other outcomes were seen.",
            model.told(),
            given.len()
        ))),
    }
}

/// How often the threads take turns in what is owed: fewer than what loom is let go through.
const TURNS: usize = 3;

/// Calls `visit` with each way to merge two sequences of these lengths, with few turns: who is next, again and
/// again.
fn merges(left: [usize; 2], order: &mut Vec<usize>, visit: &mut dyn FnMut(&[usize])) {
    if left == [0, 0] {
        let turns = order.windows(2).filter(|pair| pair[0] != pair[1]).count();
        if turns <= TURNS {
            visit(order);
        }
    }
    for who in 0..2 {
        if left[who] > 0 {
            let mut left = left;
            left[who] -= 1;
            order.push(who);
            merges(left, order, visit);
            order.pop();
        }
    }
}

impl Model for RingModel {
    type Outcome = RingOutcome;

    fn job(&self, weakened: Option<Weakening>) -> Job {
        Job::RingModel(self.clone(), weakened)
    }

    fn owed(&self) -> BTreeSet<RingOutcome> {
        let mut owed = BTreeSet::new();
        merges([self.pushes.len(), self.pops as usize], &mut Vec::new(), &mut |order| {
            let (mut queue, mut pushes) = (VecDeque::new(), self.pushes.iter());
            let (mut accepted, mut popped) = (Vec::new(), Vec::new());
            for who in order {
                match who {
                    0 => {
                        let room = queue.len() < self.capacity as usize;
                        queue.extend(pushes.next().filter(|_| room));
                        accepted.push(room);
                    }
                    _ => popped.push(queue.pop_front()),
                }
            }
            owed.insert(RingOutcome { accepted, popped, left: queue.into() });
        });
        owed
    }

    fn wrong(&self, outcome: &RingOutcome) -> Option<String> {
        let pushed = self.pushes.iter().zip(&outcome.accepted).filter(|(_, accepted)| **accepted);
        let pushed: Vec<u64> = pushed.map(|(number, _)| *number).collect();
        let popped: Vec<u64> = outcome.popped.iter().flatten().copied().collect();
        let came: Vec<u64> = popped.iter().chain(&outcome.left).copied().collect();
        let room = self.capacity as usize;
        let early = outcome.accepted.iter().take(room).position(|accepted| !accepted);
        if (outcome.accepted.len(), outcome.popped.len()) != (self.pushes.len(), self.pops as usize) {
            return Some("That is not one result for each operation.".to_owned());
        }
        if came != pushed {
            return Some(format!("{pushed:?} went in and {came:?} came out."));
        }
        if let Some(early) = early {
            return Some(format!("Push {} was refused, and {room} always fit.", early + 1));
        }
        if pushed.len() > popped.len() + room {
            return Some(format!("{} went in, {} came out, and {room} fit.", pushed.len(), popped.len()));
        }
        None
    }

    fn told(&self) -> String {
        let turned = match self.turns {
            0 => String::new(),
            turns => format!(", through which {turns} numbers have gone,"),
        };
        let (capacity, pushes, pops) = (self.capacity, &self.pushes, self.pops);
        format!("On a ring of {capacity}{turned} one thread pushes {pushes:?} and another pops {pops} times")
    }

    fn forged(&self) -> Option<Self> {
        // Its values are of any type, and in cells, which loom watches for itself.
        None
    }
}

/// What is told of a pair that is not what forged loads gave.
const BESIDE: &str = "is not what the read's loads gave, so it came by another way than the atomics of \
                      `heap_api::sync`: to read there while another thread writes is a data race that no model sees.";

impl Model for SeqLockModel {
    type Outcome = SeqLockOutcome;

    fn job(&self, weakened: Option<Weakening>) -> Job {
        Job::SeqLockModel(self.clone(), weakened)
    }

    fn owed(&self) -> BTreeSet<SeqLockOutcome> {
        let values = self.values();
        let mut owed = BTreeSet::new();
        merges([self.writes.len(), self.reads as usize], &mut Vec::new(), &mut |order| {
            let (mut written, mut reads) = (0, Vec::new());
            for who in order {
                match who {
                    0 => written += 1,
                    _ => reads.push(Some(values[written])),
                }
            }
            owed.insert(SeqLockOutcome { reads, last: values.last().copied() });
        });
        owed
    }

    fn wrong(&self, outcome: &SeqLockOutcome) -> Option<String> {
        let values = self.values();
        if outcome.reads.len() != self.reads as usize {
            return Some("That is not one result for each read.".to_owned());
        }
        let mut newest = 0;
        for pair in outcome.reads.iter().flatten() {
            match values.iter().position(|value| value == pair) {
                None if self.forged.is_some() => return Some(format!("{pair:?} {BESIDE}")),
                None => return Some(format!("{pair:?} was never written as a whole.")),
                Some(place) if place < newest => {
                    return Some(format!("After {:?}, the reader saw {pair:?} again.", values[newest]));
                }
                Some(place) => newest = place,
            }
        }
        match outcome.last {
            last if last == values.last().copied() => None,
            Some(last) if self.forged.is_some() => Some(format!("{last:?} {BESIDE}")),
            _ => Some(format!("With both threads at their end, a read gave {:?}.", outcome.last)),
        }
    }

    fn told(&self) -> String {
        let (first, writes, reads) = (self.first, &self.writes, self.reads);
        let forged = match self.forged {
            None => String::new(),
            Some((number, given)) => {
                format!(", where each atomic load of {number} in a read gives {given}")
            }
        };
        format!(
            "On a seqlock that holds {first:?}, one thread writes {writes:?} and another reads {reads} \
             times{forged}"
        )
    }

    fn forged(&self) -> Option<Self> {
        let [number, other] = *self.writes.last()?;
        // Above whatever a version comes to, and none of the pairs' numbers.
        Some(Self { forged: Some((number, number ^ other ^ (1 << 30))), ..self.clone() })
    }
}
