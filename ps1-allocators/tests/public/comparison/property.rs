//! Random values.

use super::laws::scripts::{choices, lower};
use super::laws::{ask, client, exactly};
use crate::protocol::comparison::Job;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;
use testkit::{Fault, judge};

#[test]
fn random_scripts_are_told_exactly() {
    judge(|check| {
        let client = client(check)?;
        property(check, 2 * CASES, &choices(60), |choices| exactly(&client, &lower(choices, 40)))
    });
}

#[test]
fn percentiles_agree_with_their_definition() {
    judge(|check| {
        let client = client(check)?;
        let values = prop::collection::vec(0..40_u64, 1..50);
        // Quarters, so that every product below is exact.
        property(check, CASES, &(values, 0..=400_u64), |(values, quarters)| {
            let (percent, values) = (*quarters as f64 / 4.0, values.clone());
            let seen: Vec<Option<u64>> =
                ask(&client, Job::Percentile { values: values.clone(), percents: vec![percent] })?;
            let enough = |least: &&u64| {
                let below = values.iter().filter(|value| value <= least).count() as u64;
                400 * below >= *quarters * values.len() as u64
            };
            let expected = values.iter().filter(enough).min().copied();
            if seen == [expected] {
                return Ok(());
            }
            Err(Fault::failed(format!(
                "The percentile {percent} of {values:?} came out as {seen:?}; expected {expected:?}."
            )))
        })
    });
}
