//! A whole program, with the tracker before its heap.

use super::laws::programs::recorded;
use testkit::judge;

#[test]
fn a_program_runs_as_before_and_each_of_its_calls_is_recorded() {
    judge(|_| recorded(1, 20_000, 0));
}
