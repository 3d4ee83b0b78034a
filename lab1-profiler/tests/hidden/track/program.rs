//! A program with threads and forked children, with the tracker before its heap.

use super::laws::programs::{Way, recorded};
use testkit::judge;

#[test]
fn threads_that_hand_over_blocks_and_children_that_free_inherited_ones_are_recorded() {
    judge(|_| recorded(Way::Preloaded, 8, 20_000, 3));
}
