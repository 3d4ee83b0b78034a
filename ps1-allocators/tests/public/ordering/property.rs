//! Random programs.

use super::laws::{litmus, load, plain, ring, store};
use crate::laws_of_ordering::FENCE;
use crate::protocol::ordering::{Op, Step};
use testkit::judge;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;

/// An operation, mostly on two variables.
fn op() -> impl Strategy<Value = Op> {
    let variable = || prop_oneof![4 => 0..2_u8, 1 => Just(2)];
    prop_oneof![
        3 => (variable(), 1..4_u64).prop_map(|(variable, value)| store(variable, value)),
        4 => variable().prop_map(load),
        2 => Just(FENCE),
    ]
}

/// Two threads of two operations on two variables, with a fence between them or without: each of the tests
/// with a name, and all that are like them.
fn classic() -> impl Strategy<Value = Vec<Vec<Op>>> {
    let access = || prop_oneof![(0..2_u8).prop_map(|variable| store(variable, 1)), (0..2_u8).prop_map(load)];
    let fence = prop_oneof![Just(vec![]), Just(vec![FENCE])];
    let thread = (access(), fence, access());
    let thread = thread.prop_map(|(first, fence, second)| [vec![first], fence, vec![second]].concat());
    prop::collection::vec(thread, 2)
}

#[test]
fn random_litmus_tests_have_the_outcomes_that_the_axioms_allow() {
    judge(|check| {
        let client = plain(check)?;
        let any = prop::collection::vec(prop::collection::vec(op(), 0..4), 1..4);
        let threads = prop_oneof![3 => classic(), 1 => any];
        // What is wrong with a model shows in one test of hundreds.
        property(check, 12 * CASES, &threads, |threads| litmus(&client, threads))
    });
}

#[test]
fn random_programs_on_one_thread_agree_with_a_queue() {
    judge(|check| {
        let client = plain(check)?;
        let step = prop_oneof![(0..1000_u64).prop_map(Step::Push), Just(Step::Pop)];
        let program = (0..5_u32, prop::collection::vec(step, 0..60));
        property(check, CASES, &program, |(power, steps)| ring(&client, 1 << power, steps))
    });
}
