//! Single behaviours, one a check.

use super::laws::{
    accuses_nobody, ask, ask_one, client, dishonest, exactly, exposes, hands_out, orders, pairs, poking,
    refuses, script, takes, workload,
};
use crate::protocol::comparison::{Act, FaultKind, Job, Op, Order};
use Op::{Allocate, AllocateZeroed, Free, Reallocate};
use driverkit::prng::SplitMix64;
use testkit::{Fault, Judged, judge};

/// Holds `run` against each script.
fn all(check: &testkit::Check, steps: &[&[(Op, Option<Act>)]]) -> Judged {
    let client = client(check)?;
    for steps in steps {
        let (ops, acts): (Vec<Op>, Vec<Option<Act>>) = steps.iter().cloned().unzip();
        let script = script::<0>([]);
        let script =
            crate::protocol::comparison::Script { ops, acts: acts.into_iter().flatten().collect(), ..script };
        exactly(&client, &script)?;
    }
    Ok(())
}

#[test]
fn run_reads_the_clock_just_before_and_after_each_call_and_at_no_other_time() {
    judge(|check| {
        let client = client(check)?;
        exactly(
            &client,
            &script([
                (Allocate(0, 64, 16), hands_out(0, 64)),
                (AllocateZeroed(1, 4000, 8), hands_out(4096, 4000)),
                (Free(0), takes()),
                (Allocate(0, 3000, 1), hands_out(1, 3001)),
                (Free(1), takes()),
                (Free(0), takes()),
            ]),
        )
    });
}

#[test]
fn run_counts_and_times_a_reallocation_as_one_call() {
    judge(|check| {
        let client = client(check)?;
        exactly(
            &client,
            &script([
                (Allocate(3, 64, 16), hands_out(0, 64)),
                (Reallocate(3, 640), hands_out(1024, 640)),
                (Reallocate(3, 20), hands_out(1024, 32)),
                (Reallocate(3, 100), hands_out(1024, 100)),
                (Free(3), takes()),
            ]),
        )
    });
}

#[test]
fn run_knows_the_peak_of_live_bytes() {
    judge(|check| {
        let client = client(check)?;
        exactly(
            &client,
            &script([
                (Allocate(0, 100, 1), hands_out(0, 128)),
                (Allocate(1, 50, 1), hands_out(200, 64)),
                (Reallocate(0, 30), hands_out(0, 128)),
                (Allocate(2, 60, 1), hands_out(300, 64)),
                (Reallocate(2, 75), hands_out(300, 80)),
                (Free(1), takes()),
                (Allocate(1, 1, 1), hands_out(200, 64)),
                (Free(0), takes()),
                (Free(1), takes()),
                (Free(2), takes()),
            ]),
        )
    });
}

#[test]
fn run_tells_a_block_that_is_too_short_or_not_aligned_or_not_alone() {
    judge(|check| {
        let live = (Allocate(0, 100, 4), hands_out(1000, 100));
        all(
            check,
            &[
                &[live.clone(), (Allocate(1, 100, 4), hands_out(2000, 99))],
                &[live.clone(), (Allocate(1, 100, 64), hands_out(2016, 100))],
                &[live.clone(), (Allocate(1, 100, 4), hands_out(1000, 100))],
                &[live.clone(), (AllocateZeroed(1, 100, 4), hands_out(1096, 100))],
                &[
                    live.clone(),
                    (Allocate(1, 100, 4), hands_out(1100, 100)),
                    (Free(0), takes()),
                    (Free(1), takes()),
                ],
            ],
        )
    });
}

#[test]
fn run_tells_contents_that_are_not_zero_or_were_lost_or_changed() {
    judge(|check| {
        let live = (Allocate(0, 100, 4), hands_out(1000, 100));
        all(
            check,
            &[
                &[(AllocateZeroed(0, 100, 4), poking(hands_out(1000, 100), 1099))],
                &[live.clone(), (Reallocate(0, 300), dishonest(hands_out(2000, 300)))],
                &[live.clone(), (Reallocate(0, 300), poking(hands_out(2000, 300), 2099))],
                &[live.clone(), (Reallocate(0, 40), poking(hands_out(1000, 40), 1039))],
                &[live.clone(), (Allocate(1, 8, 8), poking(hands_out(2000, 8), 1099)), (Free(0), takes())],
                &[live.clone(), (Reallocate(0, 60), poking(hands_out(1000, 60), 1060)), (Free(0), takes())],
            ],
        )
    });
}

#[test]
fn run_tells_a_refusal_that_has_no_excuse_and_no_other() {
    judge(|check| {
        let first = (Allocate(0, 100, 16), hands_out(0, 100));
        all(
            check,
            &[
                &[first.clone(), (Free(0), refuses())],
                &[first.clone(), (Free(0), takes()), (Allocate(1, 100, 16), refuses())],
                &[first.clone(), (Free(0), takes()), (AllocateZeroed(0, 99, 8), refuses())],
                // Larger, more aligned, or something is live: these are no defects.
                &[
                    first.clone(),
                    (Allocate(1, 100, 16), refuses()),
                    (Free(0), takes()),
                    (Allocate(2, 101, 16), refuses()),
                    (Allocate(2, 100, 32), refuses()),
                ],
            ],
        )
    });
}

#[test]
fn run_goes_on_without_the_block_that_was_refused() {
    judge(|check| {
        let client = client(check)?;
        exactly(
            &client,
            &script([
                (Allocate(0, 100, 16), refuses()),
                (Reallocate(0, 10), None),
                (Free(0), None),
                (Allocate(1, 40, 8), hands_out(80, 40)),
                (Reallocate(1, 400), refuses()),
                (Free(1), takes()),
            ]),
        )
    });
}

#[test]
fn utilisation_follows_the_live_bytes_after_each_operation() {
    judge(|check| {
        let client = client(check)?;
        let ops = vec![
            Allocate(0, 100, 1),
            AllocateZeroed(1, 50, 1),
            Reallocate(0, 300),
            Free(1),
            Allocate(1, 7, 1),
            Free(0),
            Free(1),
        ];
        let footprints = vec![0, 4096, 4096, 8192, 8192, 12288, 12288];
        let live = [100.0, 150.0, 350.0, 300.0, 307.0, 7.0, 0.0];
        let expected: Vec<f64> = live
            .iter()
            .zip(&footprints)
            .map(|(live, all)| if *all == 0 { 0.0 } else { live / *all as f64 })
            .collect();
        let (seen, asked): (Vec<f64>, Vec<u64>) =
            ask_one(&client, Job::Utilisation { ops: ops.clone(), footprints })?;
        if seen != expected {
            return Err(Fault::failed(format!(
                "Of {ops:?} utilisation gave {seen:?}; expected {expected:?}."
            )));
        }
        if asked != [0, 1, 2, 3, 4, 5, 6] {
            return Err(Fault::failed(format!(
                "The footprint was asked for after the operations {asked:?}; expected once after each, in order."
            )));
        }
        Ok(())
    });
}

#[test]
fn a_percentile_is_the_nearest_rank() {
    judge(|check| {
        let client = client(check)?;
        let values = vec![50, 15, 40, 35, 20];
        let percents = vec![0.0, 5.0, 20.0, 20.5, 30.0, 40.0, 50.0, 99.0, 100.0];
        let expected = [15, 15, 15, 20, 20, 20, 35, 50, 50].map(Some);
        let seen: Vec<Option<u64>> = ask(&client, Job::Percentile { values, percents: percents.clone() })?;
        if seen != expected {
            return Err(Fault::failed(format!(
                "Of 15, 20, 35, 40, 50 the percentiles {percents:?} came out as {seen:?}; expected {expected:?}."
            )));
        }
        let none: Vec<Option<u64>> = ask(&client, Job::Percentile { values: vec![], percents: vec![50.0] })?;
        if none != [None] {
            return Err(Fault::failed(format!(
                "Of no values the percentile came out as {none:?}; expected None."
            )));
        }
        Ok(())
    });
}

#[test]
fn pairs_read_the_clock_around_each_body_after_a_warm_up_that_does_not_count() {
    judge(|check| {
        let client = client(check)?;
        let ticks = [5, 100, 3, 250, 9, 70, 2];
        for (warm_up, count) in [(0, 1), (3, 20), (10, 0)] {
            let seen = pairs(&client, &ticks, warm_up, count, check.seed())?;
            orders(&seen, &ticks, warm_up, count)?;
        }
        Ok(())
    });
}

#[test]
fn the_order_within_pairs_is_drawn_for_each_pair() {
    judge(|check| {
        let client = client(check)?;
        let (ticks, count) = ([1, 8, 1, 9], 2000);
        let drawn = |seed: u64| orders(&pairs(&client, &ticks, 2, count, seed)?, &ticks, 2, count);
        let first = drawn(check.seed())?;
        if first != drawn(check.seed())? {
            return Err(Fault::failed("The same seed gave another order of the pairs."));
        }
        if first == drawn(check.seed() ^ 1)? {
            return Err(Fault::failed("Another seed gave the same order of 2000 pairs."));
        }
        // Of 2000 fair draws 1000 are A, and as many differ from the one before; 5 deviations are 112.
        let a_first = first.iter().filter(|a| **a).count();
        let changes = first.windows(2).filter(|two| two[0] != two[1]).count();
        if a_first.abs_diff(1000) > 112 || changes.abs_diff(1000) > 112 {
            return Err(Fault::failed(format!(
                "Of 2000 pairs {a_first} ran A first, and {changes} had another order than the one before. Fair draws \
                 give about 1000 of each, and 112 more or fewer once in a million times."
            )));
        }
        Ok(())
    });
}

#[test]
fn the_median_is_the_middle_or_the_mean_of_the_middle_two() {
    judge(|check| {
        let client = client(check)?;
        let samples = vec![
            vec![3.0],
            vec![9.0, 1.0, 2.0],
            vec![1.0, 40.0, 2.0, 3.0],
            vec![1.5, 1.0],
            vec![5.0, 1.0, 1.0, 1.0],
        ];
        let expected = [3.0, 2.0, 2.5, 1.25, 1.0];
        let seen: Vec<Option<[f64; 3]>> = ask(
            &client,
            Job::Estimate { samples: samples.clone(), resamples: 40, seeds: vec![check.seed(); 5] },
        )?;
        for ((sample, expected), seen) in samples.iter().zip(expected).zip(&seen) {
            // NaN is close to nothing.
            let close = seen.is_some_and(|[median, ..]| (median - expected).abs() <= 1e-12);
            if !close {
                return Err(Fault::failed(format!(
                    "Of {sample:?} the estimate (median, low, high) came out as {seen:?}; the median is {expected}."
                )));
            }
        }
        let none: Option<[f64; 3]> =
            ask_one(&client, Job::Estimate { samples: vec![vec![]], resamples: 40, seeds: vec![1] })?;
        match (seen.len() == samples.len(), none) {
            (true, None) => Ok(()),
            _ => {
                Err(Fault::failed(format!("Of no ratios the estimate came out as {none:?}; expected None.")))
            }
        }
    });
}

#[test]
fn the_interval_holds_the_true_median_in_about_95_of_100_samples() {
    judge(|check| {
        let client = client(check)?;
        let mut prng = SplitMix64::new(check.seed());
        // Uniform over 0.5..1.5, so the true median is 1.
        let mut ratio = || 0.5 + prng.below(1 << 40) as f64 / (1_u64 << 40) as f64;
        let count = 600;
        let samples: Vec<Vec<f64>> = (0..count).map(|_| (0..41).map(|_| ratio()).collect()).collect();
        // Each with a seed of its own: what one seed's resamples happen to be is no property of the answer.
        let seeds = (0..count).map(|at| check.seed() ^ at as u64).collect();
        let seen: Vec<Option<[f64; 3]>> = ask(&client, Job::Estimate { samples, resamples: 400, seeds })?;
        let wrong = seen.iter().flatten().find(|[median, low, high]| !(low..=high).contains(&median));
        if let Some([median, low, high]) = wrong {
            return Err(Fault::failed(format!(
                "The median {median} is outside its interval {low} to {high}."
            )));
        }
        let held = seen.iter().flatten().filter(|[_, low, high]| *low <= 1.0 && 1.0 <= *high).count();
        // 570 of 600, and five deviations of 5.3 to either side. (600 would hold more than 95 %, too wide.)
        if seen.len() != count || held.abs_diff(570) > 27 {
            return Err(Fault::failed(format!(
                "Of {count} samples of 41 ratios, {held} had the true median in their interval; 95 % are 570, and 27 \
                 more or fewer come once in a million times."
            )));
        }
        Ok(())
    });
}

/// What the public checks ask of a workload.
fn order(seed: u64) -> Order {
    Order { seed, ops: 2400, budget: 256 << 10 }
}

#[test]
fn a_workload_is_well_formed_and_hangs_on_its_seed_alone() {
    judge(|check| {
        let client = client(check)?;
        for (ops, budget) in [(2400, 256 << 10), (256, 64 << 10), (5000, 1 << 20)] {
            let ask = |seed| workload(&client, Order { seed, ops, budget });
            let first = ask(check.seed())?;
            if first != ask(check.seed())? {
                return Err(Fault::failed("The same seed gave another workload."));
            }
            if first == ask(check.seed() ^ 1)? {
                return Err(Fault::failed("Another seed gave the same workload."));
            }
        }
        Ok(())
    });
}

#[test]
fn the_workload_exposes_blocks_in_the_wrong_place() {
    judge(|check| {
        let kinds = [
            FaultKind::HandsOutTwice,
            FaultKind::HandsOutTwiceLate,
            FaultKind::Misaligns,
            FaultKind::CutsShort,
        ];
        exposes(check, order(check.seed()), &kinds)
    });
}

#[test]
fn the_workload_exposes_lost_and_changed_contents() {
    judge(|check| {
        let kinds = [
            FaultKind::LosesOnGrowth,
            FaultKind::ForgetsOnGrowth,
            FaultKind::LosesOnShrink,
            FaultKind::CorruptsNeighbour,
            FaultKind::WritesLink,
            FaultKind::LeavesDirty,
        ];
        exposes(check, order(check.seed()), &kinds)
    });
}

#[test]
fn the_workload_exposes_refusals_without_an_excuse() {
    judge(|check| {
        exposes(check, order(check.seed()), &[FaultKind::RefusesFree, FaultKind::RefusesAfterFreeAll])
    });
}

#[test]
fn no_sound_allocator_is_accused() {
    judge(|check| accuses_nobody(check, order(check.seed())));
}
