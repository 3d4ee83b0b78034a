//! A whole program, with the tracker before its heap.

use super::laws::programs::{Way, recorded};
use testkit::judge;

#[test]
fn a_program_runs_as_before_and_each_of_its_calls_is_recorded() {
    judge(|_| recorded(Way::Preloaded, 1, 20_000, 0));
}

#[test]
fn a_program_with_the_tracker_built_in_is_recorded_to_the_last_destructor_of_its_threads() {
    judge(|_| recorded(Way::BuiltIn, 4, 5_000, 2));
}
