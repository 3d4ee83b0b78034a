//! Single behaviours that are easy to miss.

use super::laws::{agrees, client, follow, free, measure, measure_all, metadata, used};
use crate::protocol::fragmentation::Heap;
use testkit::judge;

#[test]
fn heaps_beyond_four_gibibytes_keep_their_measures() {
    judge(|check| {
        let heap = [
            used(1 << 44, 5 << 32, (5 << 32) - 7),
            free((1 << 44) + (5 << 32), 3 << 31),
            used(1 << 45, 1 << 40, 1),
            free((1 << 45) + (1 << 40), 1 << 31),
            free(1 << 46, 1 << 61),
        ];
        measure(check, 3 << 31, heap)?;
        measure(check, 1 << 40, heap)?;
        measure(check, (1 << 61) + 1, heap)
    });
}

#[test]
fn the_last_free_run_counts_like_the_others() {
    judge(|check| {
        measure(check, 64, [free(0, 16), used(16, 16, 16), free(32, 100)])?;
        measure(check, 64, [free(0, 160), used(160, 16, 16), free(176, 16), free(192, 16)])?;
        measure(check, 64, [free(0, 48), used(48, 16, 16), free(64, 32), free(96, 31), metadata(127, 1)])
    });
}

#[test]
fn what_was_asked_for_counts_for_used_extents_alone() {
    judge(|check| {
        let asked = |asked, piece: (_, u64)| (piece.0, asked);
        measure(check, 64, [used(0, 64, 48), asked(32, free(64, 64)), asked(64, metadata(128, 64))])?;
        measure(check, 64, [asked(64, free(0, 64)), asked(1, metadata(64, 64)), asked(9, free(128, 32))])
    });
}

#[test]
fn requests_of_no_and_of_all_bytes_have_their_unusable_share() {
    judge(|check| {
        for wanted in [0, u64::MAX] {
            measure(check, wanted, [free(0, 1), used(1, 7, 7), free(8, 8), free(24, 3)])?;
            measure(check, wanted, [used(0, 8, 8)])?;
        }
        Ok(())
    });
}

#[test]
fn meters_side_by_side_do_not_know_of_each_other() {
    judge(|check| {
        let heap = |wanted, pieces: &[_]| Heap { wanted, pieces: pieces.to_vec() };
        let heaps = [
            heap(64, &[free(0, 40), free(40, 40), used(80, 16, 9), free(96, 7)]),
            heap(8, &[used(0, 80, 79), free(80, 8), metadata(88, 8), free(96, 9)]),
            heap(64, &[]),
            heap(100, &[free(40, 40), free(80, 16), free(96, 4), free(200, 1)]),
        ];
        let measured = measure_all(&client(check)?, &heaps)?;
        heaps.iter().zip(&measured).try_for_each(|(heap, measured)| agrees(heap, measured))
    });
}

#[test]
fn histories_of_huge_and_of_odd_sizes_keep_their_figures() {
    judge(|check| {
        // A footprint below what is live, as where the two are read at different moments.
        follow(check, [[1, 4096, 9000, 8192], [0, 4095, 9001, 8193]])?;
        follow(check, [[u64::MAX, 1 << 63, u64::MAX, 1 << 62], [5 << 32, 3 << 62, 1, 1]])?;
        follow(check, [[0, 7 << 32, 3 << 32, 2 << 32], [1 << 33, 1, 1, 1]])
    });
}
