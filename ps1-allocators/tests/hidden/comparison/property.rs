//! Random values, longer and with other laws.

use super::laws::scripts::{choices, lower};
use super::laws::{ask, ask_one, client, exactly, workload};
use crate::protocol::comparison::{Job, Op, Order};
use driverkit::prng::SplitMix64;
use std::collections::HashMap;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;
use testkit::{Fault, judge};

#[test]
fn long_random_scripts_are_told_exactly() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES, &choices(300), |choices| exactly(&client, &lower(choices, 250)))
    });
}

#[test]
fn workloads_of_many_seeds_are_well_formed() {
    judge(|check| {
        let client = client(check)?;
        let mut prng = SplitMix64::new(check.seed());
        // A million operations: what goes wrong once in a hundred thousand goes wrong here.
        for _ in 0..100 {
            let (ops, budget) = (256 + prng.below(20_000) as u32, (64 << 10) + prng.below(32 << 10));
            workload(&client, Order { seed: prng.next(), ops, budget })?;
        }
        Ok(())
    });
}

#[test]
fn utilisation_agrees_with_a_model_on_random_operations() {
    judge(|check| {
        let client = client(check)?;
        let values = (choices(80), prop::collection::vec(0..9_000_u64, 80));
        property(check, CASES / 2, &values, |(choices, footprints)| {
            // Every request counts as served, so that only what is sound is asked.
            let ops = sound(&lower(choices, u16::MAX).ops);
            let (mut live, mut bytes, mut expected) = (HashMap::new(), 0, Vec::new());
            for (op, footprint) in ops.iter().zip(footprints) {
                let (id, size) = match *op {
                    Op::Allocate(id, size, _)
                    | Op::AllocateZeroed(id, size, _)
                    | Op::Reallocate(id, size) => (id, size),
                    Op::Free(id) => (id, 0),
                };
                bytes += size;
                bytes -= live.insert(id, size).unwrap_or(0);
                expected.push(if *footprint == 0 { 0.0 } else { bytes as f64 / *footprint as f64 });
            }
            let job = Job::Utilisation { ops: ops.clone(), footprints: footprints.clone() };
            let (seen, asked): (Vec<f64>, Vec<u64>) = ask_one(&client, job)?;
            if seen == expected && asked.into_iter().eq(0..ops.len() as u64) {
                return Ok(());
            }
            Err(Fault::failed(format!(
                "Of {ops:?} over footprints of {:?} utilisation gave {seen:?}; expected {expected:?}.",
                &footprints[..ops.len()]
            )))
        })
    });
}

/// Without what names a block that is not live, or allocates one that is.
fn sound(ops: &[Op]) -> Vec<Op> {
    let mut live = std::collections::HashSet::new();
    let keep = |op: &&Op| match op {
        Op::Allocate(id, ..) | Op::AllocateZeroed(id, ..) => live.insert(*id),
        Op::Reallocate(id, _) => live.contains(id),
        Op::Free(id) => live.remove(id),
    };
    ops.iter().filter(keep).copied().collect()
}

#[test]
fn an_estimate_scales_with_its_ratios_and_stays_among_them() {
    judge(|check| {
        let client = client(check)?;
        let ratios = prop::collection::vec((1..5_000_u32).prop_map(|ratio| f64::from(ratio) / 1024.0), 1..60);
        property(check, CASES, &(ratios, any::<u64>()), |(ratios, seed)| {
            let doubled: Vec<f64> = ratios.iter().map(|ratio| 2.0 * ratio).collect();
            let constant = vec![ratios[0]; ratios.len()];
            let samples = vec![ratios.clone(), ratios.clone(), doubled, constant];
            let job = Job::Estimate { samples, resamples: 200, seeds: vec![*seed; 4] };
            let seen: Vec<Option<[f64; 3]>> = ask(&client, job)?;
            let failed = |why: &str| Err(Fault::failed(format!("{why}: of {ratios:?}, {seen:?}.")));
            let [Some(one), Some(again), Some(twice), Some(same)] = seen.as_slice() else {
                return failed("Four estimates were asked for");
            };
            let (least, most) = ratios.iter().fold((f64::MAX, 0.0_f64), |(l, m), r| (l.min(*r), m.max(*r)));
            if one.iter().any(|end| !(least..=most).contains(end)) {
                return failed("An end of the interval lies outside the ratios");
            }
            if one != again {
                return failed("The same ratios and seed gave two estimates");
            }
            if one.map(|end| 2.0 * end) != *twice {
                return failed(
                    "Ratios twice as large, and the same seed, did not give an estimate twice as large",
                );
            }
            if *same != [ratios[0]; 3] {
                return failed(
                    "Ratios that are all the same did not give that ratio for median and interval",
                );
            }
            Ok(())
        })
    });
}
