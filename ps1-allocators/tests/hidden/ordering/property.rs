//! Random litmus tests of other shapes.

use super::laws::{FENCE, litmus, load, plain, store};
use testkit::judge;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;

#[test]
fn random_litmus_tests_on_two_variables_with_many_fences_have_their_outcomes() {
    judge(|check| {
        let client = plain(check)?;
        let op = prop_oneof![
            3 => (0..2_u8, 1..3_u64).prop_map(|(variable, value)| store(variable, value)),
            4 => (0..2_u8).prop_map(load),
            2 => Just(FENCE),
        ];
        let short = prop::collection::vec(prop::collection::vec(op.clone(), 0..4), 2..5);
        let long = prop::collection::vec(prop::collection::vec(op, 3..7), 2..3);
        property(check, 8 * CASES, &prop_oneof![short, long], |threads| litmus(&client, threads))
    });
}
