//! Random programs on pools of other values.

use super::laws::{Kind, Program, Which, choices, client, hold, lower};
use testkit::judge;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;

#[test]
fn random_programs_keep_every_law_for_any_type_of_value() {
    judge(|check| {
        let client = client(check)?;
        let kind = prop_oneof![Just(Kind::Empty), Just(Kind::Aligned), Just(Kind::Large), Just(Kind::Plain)];
        let which = prop_oneof![Just(Which::Keyed), Just(Which::Shared)];
        property(check, CASES, &(which, kind, 0..12_u32, choices(60)), |(which, kind, capacity, choices)| {
            let (which, kind, capacity) = (*which, *kind, *capacity);
            let commands = lower(which, capacity, choices);
            hold(&client, Program { which, kind, capacity, seed: check.seed(), commands })
        })
    });
}

#[test]
fn random_programs_keep_every_law_in_larger_pools() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES / 4, &(20..90_u32, choices(400)), |(capacity, choices)| {
            for which in [Which::Keyed, Which::Shared] {
                let commands = lower(which, *capacity, choices);
                let kind = Kind::Plain;
                hold(&client, Program { which, kind, capacity: *capacity, seed: check.seed(), commands })?;
            }
            Ok(())
        })
    });
}
