//! Random heaps and histories.

use crate::protocol::fragmentation::{Heap, Piece, Sample};
use driverkit::heap::{Extent, Kind};
use testkit::proptest::prelude::*;

/// Sizes of every order, small ones most often, so that some are alike.
fn size(most: u64) -> impl Strategy<Value = u64> {
    prop_oneof![3 => 1..10_u64, 3 => (1..64_u64).prop_map(|granules| 16 * granules), 1 => 1..most]
}

/// An extent's kind, length, padding and the gap before it.
type Choice = (Kind, u64, u64, u64);

fn choice() -> impl Strategy<Value = Choice> {
    let kind = prop_oneof![4 => Just(Kind::Free), 3 => Just(Kind::Used), 1 => Just(Kind::Metadata)];
    let gap = prop_oneof![5 => Just(0_u64), 1 => 1..100_u64];
    (kind, size(1 << 40), 0..=20_u64, gap)
}

/// Heaps of up to `most` extents.
pub fn heaps(most: usize) -> impl Strategy<Value = Heap> {
    let wanted = prop_oneof![1 => Just(0), 8 => size(1 << 41), 1 => Just(u64::MAX)];
    (wanted, prop::collection::vec(choice(), 0..=most))
        .prop_map(|(wanted, choices)| Heap { wanted, pieces: lay(choices) })
}

/// One extent behind the other.
fn lay(choices: Vec<Choice>) -> Vec<Piece> {
    let mut end = 0;
    let place = |(kind, len, padding, gap): Choice| {
        let offset = end + gap;
        end = offset + len;
        let asked = if kind == Kind::Used { len.saturating_sub(padding) } else { padding };
        (Extent { offset, len, kind }, asked)
    };
    choices.into_iter().map(place).collect()
}

/// Histories of up to `most` samples.
pub fn histories(most: usize) -> impl Strategy<Value = Vec<Sample>> {
    let size = || prop_oneof![1 => Just(0_u64), 4 => size(1 << 50)];
    prop::collection::vec([size(), size(), size(), size()], 0..=most)
}
