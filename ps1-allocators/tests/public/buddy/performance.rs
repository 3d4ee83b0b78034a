//! Time beside a peer, time beside itself, and memory.

use super::laws::{MAX, heap, replay, shape};
use super::room;
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::heap::Job;
use driverkit::prng::SplitMix64;
use testkit::duel::{duel, prepare, told};
use testkit::edges::Edges;
use testkit::heap::{Command, Program, Race, Replay, Scale, Story, allocate, deallocate, scaled, timed};
use testkit::trace::Trace;
use testkit::{Check, Fault, Judged, judge, side_by_side};

/// How much of each trace is timed. The peer's lists grow long soon after, and with them its searches: whole
/// traces would take ten times as long and say no more of the answer.
const OPERATIONS: usize = 60_000;

#[test]
fn keeps_up_with_buddy_system_allocator_on_the_traces() {
    judge(|check| {
        let heap = heap(check)?;
        let edges = Edges::of(RUBRIC, "buddy", "throughput")?;
        let traces = Trace::shipped()?.into_iter().map(|trace| trace.first(OPERATIONS));
        let races = side_by_side(traces, |trace| {
            let replay = replay(check, room(&trace), trace.commands);
            let race = Race::untimed(&self::heap(check)?, &replay, &[], &shape)?;
            Ok((replay, race))
        })?;
        duel(check, "throughput", "the speed beside buddy_system_allocator", &edges, |seed| {
            let asked = |replay: &Replay| Request::Buddy(Job::Time(Replay { seed, ..replay.clone() }));
            heap.client().prepare(races.iter().map(|(replay, _)| asked(replay)))?;
            races.iter().map(|(replay, race)| timed(heap.client(), &asked(replay), race)).collect()
        })
    });
}

#[test]
fn an_operation_costs_the_same_with_ten_thousand_free_blocks() {
    judge(|check| {
        let (many, few) = (scattered(10_000, 10_000, check.seed()), scattered(10, 10, check.seed()));
        let commands = in_place(10, 20_000, check.seed());
        beside_itself(
            check,
            "scaling",
            "the speed with 10,000 free blocks beside that with 10",
            many,
            few,
            commands,
        )
    });
}

#[test]
fn a_merge_does_not_search_through_ten_thousand_free_blocks() {
    judge(|check| {
        let (many, few) = (scattered(10_000, 10_000, check.seed()), scattered(10_000, 10, check.seed()));
        let commands = replaced(10_000, 3_000, check.seed());
        let what =
            "the speed of merging with one of 10,000 free blocks beside that of freeing without a merge";
        beside_itself(check, "merging", what, many, few, commands)
    });
}

/// Operations in a batch where there are few in all: with three batches, who ran just before would decide.
const SHORT_BATCH: u32 = 250;

/// Times `commands` after the beginning `many`, in turns with the same after the beginning `few`; and the latter whole
/// beside a peer, since who is slow after either is as fast as itself. A peer takes its turns among the first ones too: so
/// nobody is slow there alone, where several of one kind are timed.
fn beside_itself(
    check: &Check,
    measure: &str,
    what: &str,
    many: Vec<Command>,
    few: Vec<Command>,
    commands: Vec<Command>,
) -> Judged {
    let heap = heap(check)?;
    let edges = Edges::of(RUBRIC, "buddy", measure)?;
    let whole = replay(check, 4 * MAX, [few.as_slice(), &commands].concat());
    let replay = Replay { batch: SHORT_BATCH, ..replay(check, 4 * MAX, commands) };
    let race = Race::untimed(&heap, &replay, &many, &shape)?;
    let mut starts = Vec::new();
    let scale = |seed| {
        let replay = Replay { seed, ..replay.clone() };
        Request::Buddy(Job::Scale(Scale { many: many.clone(), few: few.clone(), replay }))
    };
    duel(check, measure, what, &edges, |seed| {
        prepare(heap.client(), seed, scale)?;
        let (rounds, beside) = scaled(heap.client(), &scale(seed), &race)?;
        starts.push(vec![beside]);
        Ok(vec![rounds])
    })?;
    let edges = Edges::of(RUBRIC, "buddy", "beside")?;
    let what = "the speed beside buddy_system_allocator in the same turns, where few blocks are free";
    told(check, &format!("{measure}_beside"), what, &edges, &starts)?;
    let edges = Edges::of(RUBRIC, "buddy", "yardstick")?;
    let race = Race::untimed(&heap, &whole, &[], &shape)?;
    let what = "the speed beside buddy_system_allocator where few blocks are free";
    let time = |seed| Request::Buddy(Job::Time(Replay { seed, ..whole.clone() }));
    duel(check, &format!("{measure}_yardstick"), what, &edges, |seed| {
        prepare(heap.client(), seed, time)?;
        Ok(vec![timed(heap.client(), &time(seed), &race)?])
    })
}

/// Pairs of live blocks of one order, the odd one of `free` of them freed in any order: none can merge.
fn scattered(pairs: u32, free: u32, seed: u64) -> Vec<Command> {
    let mut odd: Vec<u32> = (0..free).map(|pair| 2 * pair + 1).collect();
    SplitMix64::new(seed).shuffle(&mut odd);
    (0..2 * pairs).map(|id| allocate(id, 64, 1)).chain(odd.into_iter().map(deallocate)).collect()
}

/// Frees one of the first `ids` even blocks and takes a block again, `times` times: a merge and a split,
/// and a free block's life and end.
fn in_place(ids: u32, times: u32, seed: u64) -> Vec<Command> {
    let mut prng = SplitMix64::new(seed);
    let mut commands = Vec::new();
    for _ in 0..times / 2 {
        let id = 2 * prng.below(u64::from(ids)) as u32;
        commands.extend([deallocate(id), allocate(id, 64, 1)]);
    }
    commands
}

/// Frees `count` of the even blocks of `pairs`, each once and in any order, and takes another block for each.
fn replaced(pairs: u32, count: u32, seed: u64) -> Vec<Command> {
    let mut even: Vec<u32> = (0..pairs).map(|pair| 2 * pair).collect();
    SplitMix64::new(seed ^ 1).shuffle(&mut even);
    even.truncate(count as usize);
    even.into_iter().flat_map(|id| [deallocate(id), allocate(id, 64, 1)]).collect()
}

#[test]
fn the_footprint_stays_close_to_the_references() {
    judge(|check| {
        let edges = Edges::of(RUBRIC, "buddy", "footprint")?;
        let stories = side_by_side(Trace::shipped()?, |trace| {
            let region = room(&trace);
            let commands = [trace.commands, vec![Command::Metadata]].concat();
            heap(check)?.hold(Program { region, seed: check.seed(), commands }, &shape)
        })?;
        let footprint: u64 = stories.iter().map(Story::footprint).sum();
        let peak: u64 = stories.iter().map(|story| story.oracle.peak()).sum();
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
