//! Random events, sizes and samplers of other kinds.

use super::laws::choices::{sizes, steps};
use super::laws::sampling::{self, Sampling};
use super::laws::{ask, client, hold};
use crate::protocol::patterns::{Histograms, Job, Told};
use quickcheck::{Arbitrary, Gen};
use testkit::client::Client;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use testkit::{Fault, Judged, judge};

#[test]
fn random_events_of_several_threads_are_followed_exactly() {
    judge(|check| {
        let client = client(check)?;
        let steps = steps(3, 120, &[0, 8, 0x7f00_0000_0010, 0x7f00_0000_0020, u64::MAX], sizes().boxed());
        property(check, 2 * CASES, &steps, |steps| hold(&client, steps.clone()))
    });
}

#[test]
fn random_samplers_keep_every_law() {
    judge(|check| {
        let client = client(check)?;
        // From a byte to 64 means.
        let size =
            |mean: u64| prop_oneof![1 => Just(0), 4 => 1..=64 * mean, 8 => 1..=2 * mean, 2 => 1..=20_u64];
        let values = (0..16_u32, any::<u64>()).prop_flat_map(move |(power, seed)| {
            let mean = (1 << power) + seed % (1 << power);
            (Just(mean), Just(seed), prop::collection::vec(size(mean), 1..8))
        });
        property(check, CASES / 4, &values, |(mean, seed, sizes)| {
            let sampling =
                Sampling { mean: *mean, seed: *seed, samplers: 4, sizes: sizes.clone(), rounds: 20_000 };
            sampling::hold(&client, &sampling).map(drop)
        })
    });
}

#[test]
fn merging_is_commutative_and_associative() {
    judge(|check| {
        let client = client(check)?;
        let mut sizes = Gen::from_size_and_seed(20, check.seed());
        (0..CASES).try_for_each(|_| {
            let shards = Arbitrary::arbitrary(&mut sizes);
            merging(&client, &shards).map_err(|fault| shortest(&client, shards, fault))
        })
    });
}

/// Three shards.
type Three = (Vec<u64>, Vec<u64>, Vec<u64>);

/// (a + b) + c, a + (b + c) and c + (b + a) are the same, and so are 0 + a, a + 0 and a.
fn merging(client: &Client<'_>, shards: &Three) -> Judged {
    let (a, b, c) = shards;
    let shards = [a, b, c, a, b, c, a, b, c, &vec![], a, &vec![], a].map(Clone::clone).to_vec();
    let merges = vec![(0, 1), (0, 2), (4, 5), (3, 4), (7, 6), (8, 7), (9, 10), (12, 11)];
    let told: Vec<Told> = ask(client, Job::Histograms(Histograms { shards, merges, then: vec![] }))?;
    let failed = |law: &str, one: usize, other: usize| {
        Err(Fault::failed(format!(
            "Of sizes a = {a:?}, b = {b:?}, c = {c:?}, {law} are merged to {:?} and to {:?}. (counts: bucket, sizes \
             in it)",
            told[one], told[other]
        )))
    };
    match told.len() {
        13 if told[0] != told[3] => failed("(a + b) + c and a + (b + c)", 0, 3),
        13 if told[3] != told[8] => failed("a + (b + c) and c + (b + a)", 3, 8),
        13 if told[9] != told[10] => failed("0 + a and a", 9, 10),
        13 if told[12] != told[10] => failed("a + 0 and a", 12, 10),
        13 => Ok(()),
        _ => Err(Fault::failed("The driver left histograms out.")),
    }
}

/// The fault of the shortest shards that show one.
fn shortest(client: &Client<'_>, shards: Three, fault: Fault) -> Fault {
    let shorter =
        shards.shrink().find_map(|shards| merging(client, &shards).err().map(|fault| (shards, fault)));
    match shorter {
        Some((shards, fault)) => shortest(client, shards, fault),
        None => fault,
    }
}
