//! Time on programs that nobody has seen.

use super::laws::{SLAB, heap, replay, room};
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::slab::Job;
use driverkit::prng::SplitMix64;
use testkit::duel::{duel, prepare};
use testkit::edges::Edges;
use testkit::heap::{Command, Race, Replay, allocate, deallocate, nothing_more, timed};
use testkit::judge;
use testkit::trace::Trace;

#[test]
fn keeps_up_on_an_unseen_program() {
    judge(|check| {
        let heap = heap(check)?;
        let edges = Edges::of(RUBRIC, "slab", "over_system")?;
        let trace =
            Trace { name: String::new(), peak: 0, commands: program(check.seed(), 60_000) }.first(60_000);
        let replay = replay(check, room(&trace) + 64 * SLAB, trace.commands);
        let race = Race::untimed(&heap, &replay, &[], &nothing_more)?;
        let asked = |seed| Request::Slab(Job::BesideSystem(Replay { seed, ..replay.clone() }));
        duel(check, "over_system", "the speed beside the system's allocator", &edges, |seed| {
            prepare(heap.client(), seed, asked)?;
            Ok(vec![timed(heap.client(), &asked(seed), &race)?])
        })
    });
}

/// Objects as programs make them: a few sizes over and over, short lives and long ones.
fn program(seed: u64, operations: usize) -> Vec<Command> {
    let mut prng = SplitMix64::new(seed);
    let favourites: Vec<u64> = (0..12).map(|_| 8 + prng.below(400)).collect();
    let (mut commands, mut live, mut next) = (Vec::with_capacity(operations), Vec::new(), 0);
    while commands.len() < operations {
        if live.is_empty() || (live.len() < 4000 && prng.below(20) < 11) {
            let size =
                if prng.below(30) == 0 { 1 + prng.below(8000) } else { favourites[prng.below(12) as usize] };
            commands.push(allocate(next, size, 8));
            live.push(next);
            next += 1;
        } else {
            let recent = if prng.below(3) > 0 { live.len().min(16) } else { live.len() };
            let place = live.len() - 1 - prng.below(recent as u64) as usize;
            commands.push(deallocate(live.swap_remove(place)));
        }
    }
    commands
}
