//! Memory, exactly; and time beside peers.

use super::laws::{LARGEST, SLAB, heap, replay, room, small};
use crate::home::{HOME, RUBRIC};
use crate::protocol::Request;
use crate::protocol::slab::{Job, Peer, Together};
use driverkit::together::Work;
use testkit::client::{Build, Client};
use testkit::duel::{duel, glance};
use testkit::edges::Edges;
use testkit::heap::{Command, Program, Race, Replay, Story, allocate, deallocate, nothing_more, timed};
use testkit::timing::{beside_a_lock, together};
use testkit::trace::Trace;
use testkit::{Check, Fault, Judged, judge, side_by_side};

#[test]
fn rounding_wastes_little_of_an_object() {
    judge(|check| {
        let heap = heap(check)?;
        let edges = Edges::of(RUBRIC, "slab", "rounding_waste")?;
        let sizes: Vec<u64> = (65..=LARGEST).step_by(3).chain([65, 129, 257, 4097]).collect();
        let commands: Vec<Command> =
            sizes.iter().flat_map(|size| [allocate(0, *size, 8), deallocate(0)]).collect();
        let story = heap.hold(heap.program(4 * SLAB, commands), &nothing_more)?;
        let mut worst = 0.0_f64;
        for (index, size) in sizes.iter().enumerate() {
            let Some((_, len)) = story.block(2 * index) else {
                return Err(heap.failed(&story, format!("{size} bytes were refused in an empty region.")));
            };
            worst = worst.max((len - size) as f64 / len as f64);
        }
        edges.judge(check, "rounding_waste", "the part of an object that rounding wastes at worst", worst);
        Ok(())
    });
}

#[test]
fn the_utilisation_stays_close_to_the_references() {
    judge(|check| {
        let edges = Edges::of(RUBRIC, "slab", "utilisation")?;
        let stories = side_by_side(Trace::shipped()?, |trace| {
            let trace = small(trace);
            let region = room(&trace);
            let commands = [trace.commands, vec![Command::Metadata]].concat();
            heap(check)?.hold(Program { region, seed: check.seed(), commands }, &nothing_more)
        })?;
        let footprint: u64 = stories.iter().map(Story::footprint).sum();
        let peak: u64 = stories.iter().map(|story| story.oracle.peak()).sum();
        let utilisation = peak as f64 / footprint as f64;
        check.measure("utilisation_figure", utilisation, "");
        let Some(reference) = edges.frozen else {
            return Err(Fault::Broke(
                "the rubric has no frozen utilisation; run `author calibrate`".to_owned(),
            ));
        };
        edges.judge(check, "utilisation", "the utilisation beside the reference's", utilisation / reference);
        Ok(())
    });
}

#[test]
fn keeps_up_with_the_systems_allocator_on_the_traces() {
    judge(|check| {
        race(check, "over_system", "the speed beside the system's allocator", (5, 30_000), Job::BesideSystem)
    });
}

#[test]
fn leaves_a_locked_list_behind_on_the_traces() {
    judge(|check| {
        race(check, "over_locked_list", "the speed beside a locked list", (2, 6_000), Job::BesideList)
    });
}

#[test]
fn leaves_a_locked_list_behind_on_two_threads() {
    judge(|check| {
        let client = Client::new(check, &HOME, Build::Plain)?;
        let name = "over_locked_list_on_two_threads";
        let edges = Edges::of(RUBRIC, "slab", name)?;
        let rounds = |peer, seed| {
            let work = Work { seed, batches: 60, values: 500, window: 64 };
            let request = Request::Slab(Job::Together(Together { peer, home: 128 * SLAB, work }));
            together(&client, &request, &work)
        };
        duel(check, name, "the speed of two threads beside a locked list", &edges, |seed| {
            Ok(vec![beside_a_lock(rounds(Peer::LockedList, seed)?)])
        })?;
        glance(check, "over_system_on_two_threads", |seed| Ok(vec![rounds(Peer::System, seed)?]))
    });
}

/// Times the first so many operations of the first so many traces.
fn race(
    check: &Check,
    name: &str,
    what: &str,
    (count, operations): (usize, usize),
    job: fn(Replay) -> Job,
) -> Judged {
    let heap = heap(check)?;
    let edges = Edges::of(RUBRIC, "slab", name)?;
    let traces = Trace::shipped()?.into_iter().take(count);
    let races = side_by_side(traces, |trace| {
        let trace = small(trace).first(operations);
        let replay = replay(check, room(&trace), trace.commands);
        let race = Race::untimed(&self::heap(check)?, &replay, &[], &nothing_more)?;
        Ok((replay, race))
    })?;
    duel(check, name, what, &edges, |seed| {
        let asked = |replay: &Replay| Request::Slab(job(Replay { seed, ..replay.clone() }));
        heap.client().prepare(races.iter().map(|(replay, _)| asked(replay)))?;
        races.iter().map(|(replay, race)| timed(heap.client(), &asked(replay), race)).collect()
    })
}
