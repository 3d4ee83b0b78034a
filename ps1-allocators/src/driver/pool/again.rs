//! A model's steps on real threads, again and again.
//!
//! Loom's build of an answer is another one than what is used: here the latter does what the former has done.

use crate::protocol::pool::{StackModel, StackOutcome, StackStep};
use driverkit::pin::pin;
use ps1_allocators::pool::FreeStack;
use std::collections::VecDeque;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Who holds each index: a thread's mark, or 0. Relaxed, so that it orders nothing.
struct Held(Vec<AtomicU64>);

impl Held {
    /// Whether the index was held as `before` says, and now is as `after` says.
    fn passes(&self, index: u32, before: u64, after: u64) -> bool {
        self.0.get(index as usize).is_some_and(|held| held.swap(after, Ordering::Relaxed) == before)
    }
}

/// Lets each thread go through its steps so many times; it pushes what it holds after each, and all end where one finds
/// another's index in its hands.
pub fn again(model: &StackModel, times: u32) -> StackOutcome {
    let stack = FreeStack::new(model.capacity);
    let held = Held((0..model.capacity).map(|_| AtomicU64::new(0)).collect());
    let (torn, barrier) = (AtomicBool::new(false), Barrier::new(model.threads.len()));
    std::thread::scope(|scope| {
        for (mark, steps) in (1_u64..).zip(&model.threads) {
            let (stack, held, torn, barrier) = (&stack, &held, &torn, &barrier);
            scope.spawn(move || {
                // Threads that take turns on one processor hardly ever meet.
                pin(mark as usize - 1);
                barrier.wait();
                for _ in 0..times {
                    if !walk_through(stack, held, mark, steps) {
                        torn.store(true, Ordering::Relaxed);
                    }
                    if torn.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
    });
    // A list that was tied into a ring gives indices for ever.
    let mut all: Vec<u32> = (0..=model.capacity).map_while(|_| stack.pop()).collect();
    all.sort_unstable();
    StackOutcome { served: Vec::new(), torn: torn.into_inner(), all }
}

/// Goes through the steps once; whether each index was this thread's alone.
fn walk_through(stack: &FreeStack, held: &Held, mark: u64, steps: &[StackStep]) -> bool {
    let (mut own, mut sound) = (VecDeque::new(), true);
    let mut push = |index| {
        let passes = held.passes(index, mark, 0);
        stack.push(index);
        passes
    };
    for step in steps {
        match step {
            StackStep::Pop => {
                if let Some(index) = stack.pop() {
                    sound &= held.passes(index, 0, mark);
                    own.push_back(index);
                }
            }
            StackStep::Push => sound &= own.pop_front().is_none_or(&mut push),
        }
    }
    own.into_iter().fold(sound, |sound, index| push(index) && sound)
}
