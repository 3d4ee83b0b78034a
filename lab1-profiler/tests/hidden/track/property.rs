//! Random programs that are longer, at other distances.

use super::laws::{choices, client, hold, lower};
use testkit::judge;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;

#[test]
fn long_random_programs_keep_every_law() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES / 4, &choices(600, false), |choices| hold(&client, &lower(choices, 16)))
    });
}

#[test]
fn random_programs_keep_every_law_wherever_blocks_lie() {
    judge(|check| {
        let client = client(check)?;
        let stride = prop_oneof![Just(16_u64), Just(4096), Just(1 << 16), Just(1 << 20), Just(1 << 30)];
        property(check, CASES, &(stride, choices(60, true)), |(stride, choices)| {
            hold(&client, &lower(choices, *stride))
        })
    });
}
