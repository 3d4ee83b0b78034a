//! Carries out a program before a heap that follows a script, one reply a command.

use super::told::{address, pointer, records};
use crate::protocol::track::{Asked, Call, Command, Program, Reply};
use driverkit::Replies;
use lab1_profiler::Heap;
use lab1_profiler::track::Tracker;
use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::{Arc, Weak};

/// Carries out a program.
pub fn carry_out(program: &Program, replies: &mut Replies) {
    replies.expect(program.len());
    let tracker = || Arc::new_cyclic(|own| Tracker::new(Scripted { own: own.clone() }));
    let (mut tracker, mut other) = (tracker(), tracker());
    for command in program {
        replies.send(&match command {
            Command::Call { call, elsewhere, meanwhile } => {
                let script =
                    Script { answer: call.answer(), meanwhile: meanwhile.clone(), ..Script::default() };
                let script = match elsewhere {
                    true => script.played_elsewhere(&tracker, *call),
                    false => script.played(&tracker, *call),
                };
                Reply::Called { gave: script.gave, asked: script.asked }
            }
            Command::Look => Reply::Seen { live: records(&tracker), totals: tracker.totals().into() },
            Command::Switch => {
                std::mem::swap(&mut tracker, &mut other);
                Reply::Switched
            }
        });
    }
}

impl Call {
    fn answer(&self) -> Option<u64> {
        match *self {
            Self::Malloc { answer, .. } | Self::Realloc { answer, .. } => answer,
            Self::Free { .. } => None,
        }
    }

    fn of(self, tracker: &Tracker<Scripted>) -> Option<u64> {
        let gave = match self {
            Self::Malloc { size, align, site, .. } => tracker.malloc(size as usize, align as usize, site),
            Self::Free { block } => {
                if let Some(block) = pointer(block) {
                    // SAFETY: the heap is `Scripted`, to which any address will do.
                    unsafe { tracker.free(block) };
                }
                None
            }
            Self::Realloc { block, size, align, site, .. } => {
                let block = block.and_then(pointer);
                // SAFETY: as above.
                unsafe { tracker.realloc(block, size as usize, align as usize, site) }
            }
        };
        gave.map(address)
    }
}

/// What the heap does during one call, and what it saw.
#[derive(Default)]
struct Script {
    /// What it gives, once.
    answer: Option<u64>,
    /// What it lets another thread do, once.
    meanwhile: Vec<Call>,
    gave: Vec<Option<u64>>,
    asked: Vec<Asked>,
}

thread_local! {
    /// The script of the call that this thread makes.
    static SCRIPT: RefCell<Script> = RefCell::default();
}

impl Script {
    /// Makes a call by this script.
    fn played(self, tracker: &Tracker<Scripted>, call: Call) -> Self {
        SCRIPT.set(self);
        let gave = call.of(tracker);
        let mut script = SCRIPT.take();
        script.gave.insert(0, gave);
        script
    }

    /// The same on a thread of its own.
    fn played_elsewhere(self, tracker: &Tracker<Scripted>, call: Call) -> Self {
        // A panic has ended the process already, by the hook.
        std::thread::scope(|scope| scope.spawn(|| self.played(tracker, call)).join()).unwrap_or_default()
    }
}

/// A heap that hands out what its script says, and to which any address is a block.
struct Scripted {
    /// The tracker before it.
    own: Weak<Tracker<Self>>,
}

impl Scripted {
    /// One call of the heap.
    fn play(&self, asked: Asked) -> Option<NonNull<u8>> {
        let tracker = self.own.upgrade()?;
        let (answer, meanwhile) = SCRIPT.with_borrow_mut(|script| {
            script.asked.push(asked);
            (script.answer.take(), std::mem::take(&mut script.meanwhile))
        });
        for call in meanwhile {
            let other = Script { answer: call.answer(), ..Script::default() };
            let other = other.played_elsewhere(&tracker, call);
            SCRIPT.with_borrow_mut(|script| {
                script.gave.extend(other.gave);
                script.asked.extend(other.asked);
            });
        }
        answer.and_then(pointer)
    }
}

// SAFETY: the blocks are nowhere, so nobody has their memory; alignment and distance are the judge's concern.
unsafe impl Heap for Scripted {
    fn malloc(&self, size: usize, align: usize) -> Option<NonNull<u8>> {
        self.play(Asked::Malloc { size: size as u64, align: align as u64 })
    }

    unsafe fn free(&self, block: NonNull<u8>) {
        self.play(Asked::Free { block: address(block) });
    }

    unsafe fn realloc(&self, block: NonNull<u8>, size: usize, align: usize) -> Option<NonNull<u8>> {
        self.play(Asked::Realloc { block: address(block), size: size as u64, align: align as u64 })
    }
}
