//! Time where stacks are deep, and seldom added to.

use super::laws::timing::ten_thousand_sites;
use testkit::judge;

#[test]
fn deep_stacks_are_reported_in_time() {
    judge(|check| ten_thousand_sites(check, 2, 48));
}
