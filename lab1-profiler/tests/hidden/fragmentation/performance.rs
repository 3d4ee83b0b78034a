//! Time where most of the heap is free, in short runs.

use super::laws::timing::million;
use testkit::judge;

#[test]
fn a_million_small_runs_pass_as_fast_as_their_checksum() {
    judge(|check| million(check, 5));
}
