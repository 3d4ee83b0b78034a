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
fn many_reads_beside_a_write_show_whole_pairs_that_never_go_back() {
    judge(|check| {
        let client = loom(check)?;
        // Larger than a version comes to: a number that is forged is no other.
        let half = |place| 1000 + number(check.seed(), place) % 1_000_000;
        let pair = |place: u64| [half(2 * place), half(2 * place + 1)];
        explore(
            &client,
            &SeqLockModel { first: pair(0), writes: vec![pair(1)], reads: 3, forged: None },
            None,
        )
    });
}
