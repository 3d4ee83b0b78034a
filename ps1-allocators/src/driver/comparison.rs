//! Exercise 1.4: how its requests reach the student's functions.

mod fault;
mod script;

use super::peers;
use crate::protocol::comparison::{self as wire, Event, Job, Paired, Peer, Ran, Scripted};
use driverkit::Replies;
use fault::Faulty;
use heap_api::{RawAllocator, Region};
use ps1_allocators::comparison::{
    Clock, Defect, Op, Run, estimate, paired, percentile, run, utilisation, workload,
};
use script::{Log, Player, Ticks};
use std::alloc::Layout;

/// A sound peer's region beside the budget: no fragmentation of theirs exhausts it.
const ROOM: usize = 16;

/// Carries out a job.
pub fn carry_out(job: Job, replies: &mut Replies) {
    match job {
        Job::Workload(order) => replies.send(&made(order).into_iter().map(encode).collect::<Vec<_>>()),
        Job::Run(script) => {
            let log = Log::default();
            let ops: Vec<Op> = script.ops.iter().filter_map(|op| decode(*op)).collect();
            let mut clock = Ticks::new(script.ticks, log.clone());
            let Some(mut player) = Player::new(script.memory, script.acts, log.clone()) else { return };
            let ran = report(&run(&mut player, &ops, &mut clock));
            replies.send(&Scripted { ran, events: log.take() });
        }
        Job::Expose { order, subjects } => {
            for subject in subjects {
                let ops = made(order);
                let len = ROOM * order.budget as usize;
                let Some(peer) = Region::map(len).ok().map(|region| peer(subject.peer, region)) else {
                    return;
                };
                let mut faulty = Faulty::new(peer, subject.fault, order.budget as usize / 2);
                let mut clock = Steady { now: 0, tick: subject.tick };
                replies.send(&report(&run(&mut faulty, &ops, &mut clock)));
            }
        }
        Job::Utilisation { ops, footprints } => {
            let ops: Vec<Op> = ops.iter().filter_map(|op| decode(*op)).collect();
            let mut asked = Vec::new();
            let mut footprint = |at: usize| {
                asked.push(at as u64);
                footprints.get(at).copied().unwrap_or(0) as usize
            };
            let ratios = utilisation(&ops, &mut footprint);
            replies.send(&(ratios, asked));
        }
        Job::Percentile { values, percents } => {
            for percent in percents {
                replies.send(&percentile(&mut values.clone(), percent));
            }
        }
        Job::Paired { ticks, warm_up, pairs, seed } => {
            let log = Log::default();
            let mut clock = Ticks::new(ticks, log.clone());
            let (mut a, mut b) = (|| log.push(Event::A), || log.push(Event::B));
            let counts = (warm_up as usize, pairs as usize);
            let ratios = paired(&mut a, &mut b, &mut clock, counts, seed);
            replies.send(&Paired { ratios, events: log.take() });
        }
        Job::Estimate { samples, resamples, seeds } => {
            for (sample, seed) in samples.into_iter().zip(seeds) {
                let estimate = estimate(&sample, resamples as usize, seed);
                replies.send(&estimate.map(|estimate| [estimate.median, estimate.low, estimate.high]));
            }
        }
    }
}

fn made(order: wire::Order) -> Vec<Op> {
    workload(order.seed, order.ops as usize, order.budget as usize)
}

fn peer(peer: Peer, region: Region) -> Box<dyn RawAllocator> {
    match peer {
        Peer::Buddy => Box::new(peers::BuddySystem::<48>::new(region)),
        Peer::List => Box::new(peers::LinkedList::new(region)),
        Peer::Rlsf => Box::new(peers::Rlsf::new(region)),
        Peer::Talc => Box::new(peers::Talc::new(region)),
    }
}

/// A clock whose every tick is one longer than the last.
struct Steady {
    now: u64,
    tick: u64,
}

impl Clock for Steady {
    fn now(&mut self) -> u64 {
        self.now += self.tick;
        self.tick += 1;
        self.now
    }
}

fn encode(op: Op) -> wire::Op {
    match op {
        Op::Allocate(id, layout) => wire::Op::Allocate(id, layout.size() as u64, layout.align() as u64),
        Op::AllocateZeroed(id, layout) => {
            wire::Op::AllocateZeroed(id, layout.size() as u64, layout.align() as u64)
        }
        Op::Reallocate(id, size) => wire::Op::Reallocate(id, size as u64),
        Op::Free(id) => wire::Op::Free(id),
    }
}

/// `None` for a layout that is none, which no judge asks for.
fn decode(op: wire::Op) -> Option<Op> {
    let layout = |size: u64, align: u64| Layout::from_size_align(size as usize, align as usize).ok();
    Some(match op {
        wire::Op::Allocate(id, size, align) => Op::Allocate(id, layout(size, align)?),
        wire::Op::AllocateZeroed(id, size, align) => Op::AllocateZeroed(id, layout(size, align)?),
        wire::Op::Reallocate(id, size) => Op::Reallocate(id, size as usize),
        wire::Op::Free(id) => Op::Free(id),
    })
}

fn report(run: &Run) -> Ran {
    let defect = run.defect.map(|(at, defect)| {
        let defect = match defect {
            Defect::TooShort => wire::Defect::TooShort,
            Defect::Misaligned => wire::Defect::Misaligned,
            Defect::Overlap => wire::Defect::Overlap,
            Defect::NotZeroed => wire::Defect::NotZeroed,
            Defect::LostOnReallocate => wire::Defect::LostOnReallocate,
            Defect::Corrupted => wire::Defect::Corrupted,
            Defect::SpuriousExhaustion => wire::Defect::SpuriousExhaustion,
            Defect::RefusedFree => wire::Defect::RefusedFree,
        };
        (at as u64, defect)
    });
    Ran { time: run.time, calls: run.calls, peak_live: run.peak_live as u64, defect }
}
