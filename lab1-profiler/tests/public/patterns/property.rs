//! Random events and sizes.

use super::laws::choices::{sizes, steps};
use super::laws::{client, hold, hold_histograms};
use crate::protocol::patterns::Histograms;
use testkit::judge;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;

#[test]
fn random_events_are_followed_exactly() {
    judge(|check| {
        let client = client(check)?;
        let steps = steps(1, 60, &[0x10, 0x20, 0x30, 0x1000, 0x1010], (0..200_u64).boxed());
        property(check, 2 * CASES, &steps, |steps| hold(&client, steps.clone()))
    });
}

#[test]
fn random_sizes_are_counted_in_their_buckets_and_merged() {
    judge(|check| {
        let client = client(check)?;
        let shards = prop::collection::vec(prop::collection::vec(sizes(), 0..40), 3);
        let merges = prop::collection::vec((0..3_u32, 0..3_u32), 0..4);
        property(check, CASES, &(shards, merges), |(shards, merges)| {
            let (shards, merges) = (shards.clone(), merges.clone());
            hold_histograms(&client, &Histograms { shards, merges, then: vec![] })
        })
    });
}
