//! Larger models than those that are published.

use super::laws::models::{explore, loom};
use crate::protocol::ordering::{RingModel, SeqLockModel, number};
use testkit::judge;

#[test]
fn a_ring_that_has_been_used_before_keeps_order_in_longer_interleavings() {
    judge(|check| {
        let client = loom(check)?;
        let numbers = |count| (1..=count).map(|place| number(check.seed(), place) % 1_000_000).collect();
        for (capacity, turns, pushes, pops) in [(1, 1, 3, 3), (2, 3, 3, 3), (4, 3, 3, 2)] {
            explore(&client, &RingModel { capacity, turns, pushes: numbers(pushes), pops }, None)?;
        }
        Ok(())
    });
}

#[test]
fn more_writes_and_reads_show_whole_pairs_that_never_go_back() {
    judge(|check| {
        let client = loom(check)?;
        let pair = |place: u64| {
            [number(check.seed(), 2 * place) % 1_000_000, number(check.seed(), 2 * place + 1) % 1_000_000]
        };
        for (writes, reads) in [(2, 2), (3, 1)] {
            let writes = (1..=writes).map(pair).collect();
            explore(&client, &SeqLockModel { first: pair(0), writes, reads }, None)?;
        }
        Ok(())
    });
}
