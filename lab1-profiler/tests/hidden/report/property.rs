//! Random values, larger and with other laws.

use super::laws::cases::cases;
use super::laws::{ask, client, exactly};
use crate::protocol::report::{Case, Job, Reported};
use testkit::property::{CASES, property};
use testkit::{Fault, judge};

#[test]
fn many_random_additions_are_reported_exactly() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES / 2, &cases(200), |case| exactly(&client, case))
    });
}

#[test]
fn adding_everything_twice_doubles_the_figures_and_nothing_else() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES / 2, &cases(20), |case| {
            let once = case.rounds.concat();
            let twice = [once.clone(), once.clone()].concat();
            let report = |adds| {
                let case = Case { rounds: vec![adds], ..case.clone() };
                ask::<Reported>(&client, Job::Report(case), 1).map(|mut replies| replies.remove(0))
            };
            let (once, twice) = (report(once)?, report(twice)?);
            let doubled = |(blocks, bytes): (u64, u64)| (2 * blocks, 2 * bytes);
            let stacks = once.stacks.iter().map(|(stack, weight)| (stack.clone(), doubled(*weight)));
            if twice.total == doubled(once.total) && twice.stacks.iter().cloned().eq(stacks) {
                return Ok(());
            }
            Err(Fault::failed(format!("These additions once gave {once:?}, and twice {twice:?}.")))
        })
    });
}
