//! What tracking costs: bytes, and time beside a peer.

use super::laws::client;
use super::laws::loads::{Load, beside_map, weigh};
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::track::{Job, Together};
use testkit::check::Measure;
use testkit::duel::duel;
use testkit::edges::Edges;
use testkit::judge;
use testkit::timing::timed_pair;

/// Twenty-four lengths over three doublings: a table that grows by steps is met at every load.
const POINTS: u32 = 24;
const FIRST: f64 = 16_384.0;

#[test]
fn a_live_block_takes_few_bytes() {
    judge(|check| {
        let mut load = Load::new(check.seed());
        let (mut calls, mut blocks, mut points) = (Vec::new(), Vec::new(), Vec::new());
        for point in 0..POINTS {
            let live = FIRST * (f64::from(point) / f64::from(POINTS / 3)).exp2();
            while (load.len() as f64) < live {
                calls.push(load.malloc());
            }
            for _ in 0..1_000 {
                load.exchange(&mut calls);
            }
            blocks.push(load.len() as f64);
            points.push(calls.len() as u32);
        }
        let weighed = weigh(check, &calls, &points)?;
        let ratios = weighed.bytes.iter().zip(&blocks).map(|(bytes, blocks)| *bytes as f64 / blocks);
        let mean = ratios.sum::<f64>() / f64::from(POINTS);
        let edges = Edges::of(RUBRIC, "track", "record")?;
        let what = "what the tables take, on average over 16,384 to 131,072 live blocks";
        edges.earn(check, "record", what, Measure { value: mean, unit: "bytes", low: None, high: None });
        Ok(())
    });
}

#[test]
fn keeps_up_with_a_hash_map_behind_a_lock_on_one_thread() {
    judge(|check| {
        let mut load = Load::new(check.seed());
        let mut calls: Vec<_> = (0..8_000).map(|_| load.malloc()).collect();
        for _ in 0..60_000 {
            load.churn(&mut calls);
        }
        calls.extend((0..load.len()).map(|_| load.free()));
        beside_map(check, &calls)
    });
}

#[test]
fn leaves_a_hash_map_behind_a_lock_behind_on_two_threads() {
    judge(|check| {
        let client = client(check)?;
        let edges = Edges::of(RUBRIC, "track", "over_locked_map")?;
        let what = "the speed on two threads beside a hash map behind a lock";
        duel(check, "over_locked_map", what, &edges, |seed| {
            let race = Together { seed, batches: 60, blocks: 500, window: 64 };
            let sum =
                (0..2).flat_map(|thread| (0..race.blocks).map(move |number| race.block(thread, number)));
            let sum = sum.fold(0, u64::wrapping_add).wrapping_mul(u64::from(race.batches));
            let mut rounds =
                timed_pair(&client, &Request::Track(Job::Together(race)), race.batches as usize, sum)?;
            // A lock takes half as long or twice as long, by who happens to get it, so a twin is no control of
            // the machine. The faster of the two counts.
            for [_, peer, twin] in &mut rounds {
                (*peer, *twin) = ((*peer).min(*twin), (*peer).min(*twin));
            }
            Ok(vec![rounds])
        })
    });
}
