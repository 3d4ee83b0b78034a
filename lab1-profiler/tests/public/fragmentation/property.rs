//! Random heaps and histories.

use super::laws::heaps::{heaps, histories};
use super::laws::{client, exactly, follows};
use testkit::judge;
use testkit::property::{CASES, property};

#[test]
fn random_heaps_measure_as_defined() {
    judge(|check| {
        let client = client(check)?;
        property(check, 4 * CASES, &heaps(40), |heap| exactly(&client, heap))
    });
}

#[test]
fn random_histories_keep_their_peaks() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES, &histories(20), |samples| follows(&client, samples))
    });
}
