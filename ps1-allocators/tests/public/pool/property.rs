//! Random programs.

use super::laws::{Kind, Program, Which, choices, client, hold, lower};
use testkit::judge;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;

#[test]
fn random_programs_on_a_pool_keep_every_law() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES, &(1..6_u32, choices(40)), |(capacity, choices)| {
            let which = Which::Keyed;
            let commands = lower(which, *capacity, choices);
            hold(
                &client,
                Program { which, kind: Kind::Plain, capacity: *capacity, seed: check.seed(), commands },
            )
        })
    });
}

#[test]
fn random_programs_on_a_shared_pool_keep_every_law() {
    judge(|check| {
        let client = client(check)?;
        let capacity = prop_oneof![1..6_u32, 1..40_u32];
        property(check, CASES, &(capacity, choices(60)), |(capacity, choices)| {
            let which = Which::Shared;
            let commands = lower(which, *capacity, choices);
            hold(
                &client,
                Program { which, kind: Kind::Plain, capacity: *capacity, seed: check.seed(), commands },
            )
        })
    });
}
