//! Random programs.

use super::laws::{choices, client, hold, lower};
use testkit::judge;
use testkit::property::{CASES, property};

#[test]
fn random_programs_on_one_thread_keep_every_law() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES, &choices(60, false), |choices| hold(&client, &lower(choices, 48)))
    });
}

#[test]
fn random_programs_on_several_threads_keep_every_law() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES, &choices(40, true), |choices| hold(&client, &lower(choices, 16)))
    });
}
