//! What a change of a heap may do to its measures, and longer heaps.

use super::laws::heaps::{heaps, histories};
use super::laws::{CLOSE, agrees, client, exactly, follows, measure_all, source};
use crate::protocol::fragmentation::{Heap, Piece};
use driverkit::heap::{Extent, Kind};
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;
use testkit::{Fault, judge};

#[test]
fn long_random_heaps_measure_as_defined() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES, &heaps(400), |heap| exactly(&client, heap))
    });
}

#[test]
fn long_random_histories_keep_their_peaks() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES / 4, &histories(200), |samples| follows(&client, samples))
    });
}

#[test]
fn cutting_free_extents_into_pieces_changes_nothing() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES, &(heaps(20), 1..20_u64), |(heap, length)| {
            // Of a long extent only the beginning is cut.
            let cut = heap.pieces.iter().flat_map(|&(extent, asked)| {
                let pieces = if extent.kind == Kind::Free { (extent.len - 1) / length } else { 0 }.min(9);
                let first = (0..pieces).map(move |at| {
                    (Extent { offset: extent.offset + at * length, len: *length, ..extent }, asked)
                });
                let offset = extent.offset + pieces * length;
                first.chain([(Extent { offset, len: extent.len - pieces * length, ..extent }, asked)])
            });
            let cut = Heap { wanted: heap.wanted, pieces: cut.collect() };
            let measured = measure_all(&client, &[heap.clone(), cut.clone()])?;
            agrees(heap, &measured[0]).and_then(|()| agrees(&cut, &measured[1]))
        })
    });
}

#[test]
fn a_block_that_no_longer_parts_two_free_runs_makes_nothing_worse() {
    judge(|check| {
        let client = client(check)?;
        property(check, CASES, &(heaps(20), any::<prop::sample::Index>()), |(heap, pick)| {
            let mut pieces = close_up(&heap.pieces);
            let blocks: Vec<usize> =
                (0..pieces.len()).filter(|at| pieces[*at].0.kind != Kind::Free).collect();
            if blocks.is_empty() {
                return Ok(());
            }
            let before = Heap { wanted: heap.wanted, pieces: pieces.clone() };
            // Behind everything else; what was behind it closes up.
            let block = pieces.remove(blocks[pick.index(blocks.len())]);
            pieces.push(block);
            let after = Heap { wanted: heap.wanted, pieces: close_up(&pieces) };
            let measured = measure_all(&client, &[before.clone(), after])?;
            let [one, two] = [measured[0], measured[1]];
            if two.external > one.external + CLOSE || two.unusable > one.unusable + CLOSE {
                return Err(Fault::failed(format!(
                    "{}\nWhen the block {:?} went to the end of this heap, so that free runs met, {one:?} became \
                     {two:?}.",
                    source(&before),
                    block.0
                )));
            }
            Ok(())
        })
    });
}

/// The same extents without gaps.
fn close_up(pieces: &[Piece]) -> Vec<Piece> {
    let mut offset = 0;
    let place = |(extent, asked): &Piece| {
        let placed = Extent { offset, ..*extent };
        offset += extent.len;
        (placed, *asked)
    };
    pieces.iter().map(place).collect()
}
