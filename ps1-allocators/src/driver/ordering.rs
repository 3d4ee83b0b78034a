//! Extra credit: how its requests reach the student's ring, seqlock and enumerator.

#[cfg(feature = "loom")]
mod models;
#[cfg(not(feature = "loom"))]
mod threads;

use crate::protocol::ordering::Job;
use driverkit::Replies;

#[cfg(not(feature = "loom"))]
use crate::protocol::ordering::{Came, Machine, Op, Pair, Step};
#[cfg(not(feature = "loom"))]
use ps1_allocators::ordering::{Consumer, Litmus, Model, Producer, SeqLock, outcomes, ring};
#[cfg(not(feature = "loom"))]
use std::sync::{Arc, Mutex, PoisonError};

/// Carries out a job.
#[cfg(not(feature = "loom"))]
pub fn carry_out(job: Job, replies: &mut Replies) {
    match job {
        Job::Litmus(threads, machine) => replies.send(&enumerate(&threads, machine)),
        Job::Ring(capacity, steps) => one_thread(capacity as usize, &steps, replies),
        Job::SeqLock(first, steps) => undisturbed(first, &steps, replies),
        Job::Pass(pass) => replies.send(&threads::pass(&pass)),
        Job::Watch(watch) => {
            for seen in threads::watch(&watch) {
                replies.send(&seen);
            }
        }
        // Models need the other build of this driver; a judge that asks this one gets no reply.
        Job::RingModel(..) | Job::SeqLockModel(..) | Job::Sites => {}
    }
}

/// Carries out a model: under loom nothing else, since loom's types work nowhere else.
#[cfg(feature = "loom")]
pub fn carry_out(job: Job, replies: &mut Replies) {
    match job {
        Job::RingModel(model, weakened) => replies.send(&models::ring_outcomes(&model, weakened)),
        Job::SeqLockModel(model, weakened) => replies.send(&models::seqlock_outcomes(&model, weakened)),
        Job::Sites => replies.send(&models::sites()),
        _ => {}
    }
}

#[cfg(not(feature = "loom"))]
fn enumerate(threads: &[Vec<Op>], machine: Machine) -> Vec<Vec<u64>> {
    let litmus = |op: &Op| match *op {
        Op::Store(variable, value) => Litmus::Store(variable, value),
        Op::Load(variable) => Litmus::Load(variable),
        Op::Fence => Litmus::Fence,
    };
    let threads: Vec<Vec<_>> = threads.iter().map(|thread| thread.iter().map(litmus).collect()).collect();
    let model = match machine {
        Machine::Sc => Model::Sc,
        Machine::Tso => Model::Tso,
        Machine::Relaxed => Model::Relaxed,
    };
    outcomes(&threads, model)
}

/// A number that notes when it is dropped by anyone but us.
#[cfg(not(feature = "loom"))]
struct Token {
    number: u64,
    dropped: Option<Arc<Mutex<Vec<u64>>>>,
}

#[cfg(not(feature = "loom"))]
impl Token {
    /// The number of a token that has come back.
    fn redeem(mut self) -> u64 {
        self.dropped = None;
        self.number
    }
}

#[cfg(not(feature = "loom"))]
impl Drop for Token {
    fn drop(&mut self) {
        if let Some(dropped) = &self.dropped {
            dropped.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
        }
    }
}

#[cfg(not(feature = "loom"))]
fn one_thread(capacity: usize, steps: &[Step], replies: &mut Replies) {
    replies.expect(steps.len());
    let dropped = Arc::new(Mutex::new(Vec::new()));
    walk_through(ring(capacity), steps, &dropped, replies);
    // Both ends are gone by now.
    let mut left = std::mem::take(&mut *dropped.lock().unwrap_or_else(PoisonError::into_inner));
    left.sort_unstable();
    replies.send(&Came::Left(left));
}

#[cfg(not(feature = "loom"))]
fn walk_through(
    (mut producer, mut consumer): (Producer<Token>, Consumer<Token>),
    steps: &[Step],
    dropped: &Arc<Mutex<Vec<u64>>>,
    replies: &mut Replies,
) {
    for step in steps {
        let came = match *step {
            Step::Push(number) => match producer.push(Token { number, dropped: Some(dropped.clone()) }) {
                Ok(()) => Came::Pushed,
                Err(token) => Came::Full(token.redeem()),
            },
            Step::Pop => consumer.pop().map_or(Came::Empty, |token| Came::Popped(token.redeem())),
        };
        replies.send(&came);
    }
}

#[cfg(not(feature = "loom"))]
fn undisturbed(first: Pair, steps: &[Option<Pair>], replies: &mut Replies) {
    replies.expect(steps.len());
    let lock = SeqLock::new(first);
    for step in steps {
        match step {
            Some(pair) => lock.write(*pair),
            None => replies.send(&lock.try_read()),
        }
    }
}
