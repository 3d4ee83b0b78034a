//! Time beside a peer, time beside itself, and memory.

use super::laws::{BATCH, MAX, heap, shape};
use super::room;
use crate::home::{HOME, RUBRIC};
use crate::protocol::Request;
use crate::protocol::heap::Job;
use testkit::client::{Build, Client};
use testkit::duel::duel;
use testkit::edges::Edges;
use testkit::heap::{Command, Program, Race, Replay, Scale, allocate, deallocate, timed};
use testkit::trace::Trace;
use testkit::{Fault, judge};

/// How much of each trace is timed. The peer's lists grow long soon after, and with them its searches: whole
/// traces would take ten times as long and say no more of the answer.
const OPERATIONS: usize = 60_000;

#[test]
fn keeps_up_with_buddy_system_allocator_on_the_traces() {
    judge(|check| {
        let client = Client::new(check, &HOME, Build::Plain)?;
        let edges = Edges::of(RUBRIC, "buddy", "throughput")?;
        let traces: Vec<Trace> = Trace::shipped()?.into_iter().map(|trace| trace.first(OPERATIONS)).collect();
        duel(check, "throughput", "the speed beside buddy_system_allocator", &edges, |seed| {
            let mut programs = Vec::new();
            for trace in &traces {
                let region = room(trace);
                let commands = trace.commands.clone();
                let replay = Replay { region, seed, batch: BATCH, commands };
                let race = Race { region, beginning: &[], commands: &trace.commands, batch: BATCH };
                programs.push(timed(&client, &Request::Buddy(Job::Time(replay)), &race)?);
            }
            Ok(programs)
        })
    });
}

#[test]
fn an_operation_costs_the_same_with_ten_thousand_free_blocks() {
    judge(|check| {
        let client = Client::new(check, &HOME, Build::Plain)?;
        let edges = Edges::of(RUBRIC, "buddy", "scaling")?;
        let region = 4 * MAX;
        let (many, few) = (scattered(10_000), scattered(10));
        let commands = in_place(10, 20_000, check.seed());
        duel(check, "scaling", "the speed with 10,000 free blocks beside that with 10", &edges, |seed| {
            let replay = Replay { region, seed, batch: BATCH, commands: commands.clone() };
            let race = Race { region, beginning: &many, commands: &commands, batch: BATCH };
            let scale = Scale { many: many.clone(), few: few.clone(), replay };
            Ok(vec![timed(&client, &Request::Buddy(Job::Scale(scale)), &race)?])
        })
    });
}

/// `count` free blocks of one order whose buddies are live, so that none can merge.
fn scattered(count: u32) -> Vec<Command> {
    let blocks = (0..2 * count).map(|id| allocate(id, 64, 1));
    blocks.chain((0..count).map(|pair| deallocate(2 * pair + 1))).collect()
}

/// Frees one of the first `ids` even blocks and takes a block again, `times` times: a merge and a split,
/// and a free block's life and end.
fn in_place(ids: u32, times: u32, seed: u64) -> Vec<Command> {
    let mut prng = driverkit::prng::SplitMix64::new(seed);
    let mut commands = Vec::new();
    for _ in 0..times / 2 {
        let id = 2 * prng.below(u64::from(ids)) as u32;
        commands.extend([deallocate(id), allocate(id, 64, 1)]);
    }
    commands
}

#[test]
fn the_footprint_stays_close_to_the_references() {
    judge(|check| {
        let heap = heap(check)?;
        let edges = Edges::of(RUBRIC, "buddy", "footprint")?;
        let (mut footprint, mut peak) = (0, 0);
        for trace in Trace::shipped()? {
            let mut commands = trace.commands.clone();
            commands.push(Command::Metadata);
            let program = Program { region: room(&trace), seed: check.seed(), commands };
            let story = heap.hold(program, &shape)?;
            footprint += story.oracle.footprint() + story.metadata().unwrap_or(0);
            peak += story.oracle.peak();
        }
        check.measure("footprint_figure", footprint as f64, "bytes");
        check.measure("utilisation", peak as f64 / footprint as f64, "");
        let Some(reference) = edges.frozen else {
            return Err(Fault::Broke(
                "the rubric has no frozen footprint; run `author calibrate`".to_owned(),
            ));
        };
        edges.judge(check, "footprint", "the footprint beside the reference's", footprint as f64 / reference);
        Ok(())
    });
}
