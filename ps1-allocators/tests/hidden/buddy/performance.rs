//! Time on programs that nobody has seen.

use super::laws::{MAX, heap, replay, shape};
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::heap::Job;
use driverkit::prng::SplitMix64;
use testkit::duel::{duel, prepare};
use testkit::edges::Edges;
use testkit::heap::{Command, Race, Replay, allocate, deallocate, reallocate, timed};
use testkit::judge;

#[test]
fn keeps_up_on_an_unseen_program() {
    judge(|check| {
        let heap = heap(check)?;
        let edges = Edges::of(RUBRIC, "buddy", "throughput")?;
        let replay = replay(check, 16 * MAX, program(check.seed(), 60_000));
        let race = Race::untimed(&heap, &replay, &[], &shape)?;
        let asked = |seed| Request::Buddy(Job::Time(Replay { seed, ..replay.clone() }));
        duel(check, "throughput", "the speed beside buddy_system_allocator", &edges, |seed| {
            prepare(heap.client(), seed, asked)?;
            Ok(vec![timed(heap.client(), &asked(seed), &race)?])
        })
    });
}

/// Allocations as programs make them: mostly small, a few sizes over and over, short lives and long ones.
fn program(seed: u64, operations: usize) -> Vec<Command> {
    let mut prng = SplitMix64::new(seed);
    let favourites: Vec<u64> = (0..12).map(|_| 8 + prng.below(250)).collect();
    let (mut commands, mut live, mut next) = (Vec::with_capacity(operations), Vec::new(), 0);
    while commands.len() < operations {
        match prng.below(100) {
            0..=49 => {
                let size = match prng.below(20) {
                    0 => {
                        let largest = 16 << prng.below(10);
                        1 + prng.below(largest)
                    }
                    _ => favourites[prng.below(12) as usize],
                };
                commands.push(allocate(next, size, 8));
                live.push(next);
                next += 1;
            }
            50..=52 if !live.is_empty() => {
                let id = live[prng.below(live.len() as u64) as usize];
                commands.push(reallocate(id, 1 + prng.below(2000)));
            }
            53..=80 if !live.is_empty() => {
                let recent = prng.below(live.len().min(8) as u64) as usize;
                commands.push(deallocate(live.swap_remove(live.len() - 1 - recent)));
            }
            _ if !live.is_empty() && (live.len() > 2000 || prng.below(3) == 0) => {
                let any = prng.below(live.len() as u64) as usize;
                commands.push(deallocate(live.swap_remove(any)));
            }
            _ => {}
        }
    }
    commands
}
