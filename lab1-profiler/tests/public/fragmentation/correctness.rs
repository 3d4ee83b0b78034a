//! Single behaviours.

use super::laws::{follow, free, measure, metadata, used};
use testkit::judge;

#[test]
fn one_free_extent_is_no_external_fragmentation() {
    judge(|check| {
        measure(check, 64, [used(0, 64, 64), free(64, 4096), used(4160, 64, 64)])?;
        measure(check, 64, [free(0, 1)])
    });
}

#[test]
fn padding_over_used_bytes_is_internal() {
    judge(|check| {
        measure(check, 64, [used(0, 32, 24), used(32, 16, 16), used(48, 64, 33), free(112, 1000)])?;
        measure(check, 64, [used(0, 4096, 0), metadata(4096, 4096), used(8192, 4096, 4096)])?;
        measure(check, 64, [used(0, 16, 0)])
    });
}

#[test]
fn the_longest_free_run_decides_what_is_external() {
    judge(|check| {
        measure(
            check,
            64,
            [free(0, 100), used(100, 28, 28), free(128, 300), used(428, 4, 4), free(432, 200)],
        )?;
        measure(check, 64, [free(0, 300), used(300, 20, 20), free(320, 300)])
    });
}

#[test]
fn free_extents_that_touch_are_one_run() {
    judge(|check| {
        measure(check, 64, [free(0, 32), free(32, 32), free(64, 32)])?;
        measure(check, 64, [used(0, 8, 8), free(8, 32), free(40, 40), used(80, 8, 8), free(88, 48)])?;
        measure(check, 100, [free(0, 60), free(60, 60), used(120, 8, 8), free(128, 60)])
    });
}

#[test]
fn a_block_metadata_or_a_gap_between_two_free_extents_parts_them() {
    judge(|check| {
        measure(check, 64, [free(0, 40), used(40, 8, 8), free(48, 40)])?;
        measure(check, 64, [free(0, 40), metadata(40, 8), free(48, 40)])?;
        measure(check, 64, [free(0, 40), free(48, 40)])
    });
}

#[test]
fn free_runs_shorter_than_the_request_are_unusable() {
    judge(|check| {
        let heap = [free(0, 63), used(63, 1, 1), free(64, 64), used(128, 8, 8), free(136, 65)];
        for wanted in [1, 63, 64, 65, 66] {
            measure(check, wanted, heap)?;
        }
        Ok(())
    });
}

#[test]
fn with_nothing_to_divide_by_a_measure_is_zero() {
    judge(|check| {
        measure(check, 64, [])?;
        measure(check, 64, [metadata(0, 4096)])?;
        measure(check, 64, [used(0, 64, 60)])?;
        measure(check, 64, [free(0, 16), used(16, 16, 16), free(32, 16)])
    });
}

#[test]
fn each_peak_is_at_its_own_time() {
    judge(|check| {
        follow(
            check,
            [
                [8192, 4096, 3000, 2500],
                [20480, 16384, 9000, 7000],
                [28672, 16384, 12000, 6000],
                [24576, 20480, 11000, 6500],
                [4096, 20480, 0, 0],
            ],
        )
    });
}

#[test]
fn the_overhead_is_the_peak_footprint_over_the_peak_of_live_bytes() {
    judge(|check| {
        // The worst moment, the last one, and the one at which most is live all have other ratios.
        follow(check, [[0, 8192, 0, 100], [0, 12288, 0, 9000], [0, 16384, 0, 3000], [0, 16384, 0, 16]])
    });
}

#[test]
fn the_overhead_is_one_if_nothing_was_ever_live() {
    judge(|check| {
        follow(check, [])?;
        follow(check, [[8192, 4096, 64, 0], [0, 0, 0, 0]])
    });
}
