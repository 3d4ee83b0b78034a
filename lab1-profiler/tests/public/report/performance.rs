//! Time beside a checksum.

use super::laws::timing::ten_thousand_sites;
use testkit::judge;

#[test]
fn ten_thousand_sites_are_reported_in_time() {
    judge(|check| ten_thousand_sites(check, 20, 16));
}
