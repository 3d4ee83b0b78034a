//! Random cases.

use super::laws::cases::cases;
use super::laws::{client, exactly};
use testkit::judge;
use testkit::property::{CASES, property};

#[test]
fn random_additions_are_reported_exactly() {
    judge(|check| {
        let client = client(check)?;
        property(check, 3 * CASES, &cases(10), |case| exactly(&client, case))
    });
}
