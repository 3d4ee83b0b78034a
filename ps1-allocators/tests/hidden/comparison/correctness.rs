//! Single behaviours that are easy to miss.

use super::laws::{
    accuses_nobody, ask, client, dishonest, exactly, exposes, hands_out, orders, pairs, poking, refuses,
    script, takes,
};
use crate::protocol::comparison::{FaultKind, Job, Op, Order};
use Op::{Allocate, AllocateZeroed, Free, Reallocate};
use driverkit::prng::SplitMix64;
use testkit::{Fault, judge};

#[test]
fn what_a_number_held_before_never_passes_for_what_it_holds_now() {
    judge(|check| {
        let client = client(check)?;
        // Freed and allocated anew elsewhere; then moved, without its contents, to where it was before.
        let again = [
            (Allocate(0, 64, 16), hands_out(0, 64)),
            (Free(0), takes()),
            (Allocate(0, 64, 16), hands_out(256, 64)),
            (Reallocate(0, 96), dishonest(hands_out(0, 96))),
        ];
        exactly(&client, &script(again))?;
        // There and back.
        let back = [
            (Allocate(0, 64, 16), hands_out(0, 64)),
            (Reallocate(0, 96), hands_out(256, 96)),
            (Reallocate(0, 64), dishonest(hands_out(0, 64))),
        ];
        exactly(&client, &script(back))?;
        // Its own bytes, but not in their places.
        for distance in [1, 4, 8, 16, 24, 32, 64, 120] {
            let shifted = [
                (Allocate(0, 128, 1), hands_out(0, 128)),
                (Reallocate(0, 8), dishonest(hands_out(distance, 8))),
            ];
            exactly(&client, &script(shifted))?;
        }
        Ok(())
    });
}

#[test]
fn a_run_ends_with_its_first_defect() {
    judge(|check| {
        let client = client(check)?;
        let rest = [(Allocate(7, 8, 8), hands_out(9000, 8)), (Free(7), takes())];
        let short = [(Allocate(0, 100, 16), hands_out(0, 100)), (Allocate(1, 50, 2), hands_out(200, 40))];
        let [a, b] = short;
        let [c, d] = rest.clone();
        exactly(&client, &script([a, b, c, d]))?;
        let [c, d] = rest;
        exactly(
            &client,
            &script([
                (Allocate(0, 100, 16), hands_out(0, 100)),
                (Reallocate(0, 90), poking(hands_out(0, 90), 3)),
                c,
                d,
            ]),
        )
    });
}

#[test]
fn what_is_left_at_the_end_is_checked_and_freed_without_a_look_at_the_clock() {
    judge(|check| {
        let client = client(check)?;
        let left = [
            (Allocate(0, 100, 16), hands_out(0, 100)),
            (AllocateZeroed(1, 100, 16), hands_out(512, 100)),
            (Allocate(2, 10, 1), hands_out(1000, 10)),
            (Free(0), takes()),
        ];
        exactly(&client, &script(left.clone()))?;
        let [a, b, c, (free, act)] = left;
        exactly(&client, &script([a, b, c, (free, poking(act, 611))]))
    });
}

#[test]
fn an_overlap_from_either_side_is_told_also_of_a_moved_block() {
    judge(|check| {
        let client = client(check)?;
        let places = [(960, 64), (1055, 10), (1020, 16), (900, 400), (1064, 8), (936, 64)];
        for (at, len) in places {
            for zeroed in [false, true] {
                let op = if zeroed { AllocateZeroed(1, len, 1) } else { Allocate(1, len, 1) };
                exactly(
                    &client,
                    &script([
                        (Allocate(0, 64, 8), hands_out(1000, 64)),
                        (op, hands_out(at, len)),
                        (Free(0), takes()),
                        (Free(1), takes()),
                    ]),
                )?;
            }
            exactly(
                &client,
                &script([
                    (Allocate(0, 64, 8), hands_out(1000, 64)),
                    (Allocate(1, 8, 1), hands_out(4000, 8)),
                    (Reallocate(1, len), hands_out(at, len)),
                    (Free(0), takes()),
                    (Free(1), takes()),
                ]),
            )?;
        }
        Ok(())
    });
}

#[test]
fn of_several_defects_the_first_of_the_list_is_told() {
    judge(|check| {
        let client = client(check)?;
        let live = || (Allocate(0, 64, 64), hands_out(1024, 64));
        exactly(&client, &script([live(), (Allocate(1, 64, 64), hands_out(1050, 20))]))?;
        exactly(&client, &script([live(), (Allocate(1, 64, 64), hands_out(1050, 64))]))?;
        exactly(&client, &script([live(), (AllocateZeroed(1, 64, 64), dishonest(hands_out(1024, 64)))]))?;
        exactly(&client, &script([live(), (Reallocate(0, 128), dishonest(hands_out(2056, 128)))]))?;
        exactly(&client, &script([live(), (Allocate(1, 64, 64), refuses()), (Free(0), refuses())]))
    });
}

#[test]
fn the_interval_narrows_as_the_ratios_grow_in_number() {
    judge(|check| {
        let client = client(check)?;
        let mut prng = SplitMix64::new(check.seed());
        let mut ratio = || 0.5 + prng.below(1 << 40) as f64 / (1_u64 << 40) as f64;
        for (count, samples) in [(100_usize, 200_u32), (1600, 40)] {
            let sample = (0..samples).map(|_| (0..count).map(|_| ratio()).collect()).collect();
            let seeds = (0..samples).map(|at| check.seed() ^ u64::from(at)).collect();
            let job = Job::Estimate { samples: sample, resamples: 400, seeds };
            let seen: Vec<Option<[f64; 3]>> = ask(&client, job)?;
            let widths = seen.iter().flatten().map(|[_, low, high]| high - low);
            let mean = widths.sum::<f64>() / f64::from(samples);
            // The median's deviation is 1 / (2 f sqrt(n)), with a density f of 1; the interval is 3.92 of them.
            let expected = 1.96 / (count as f64).sqrt();
            if seen.len() != samples as usize || !(0.9..=1.1).contains(&(mean / expected)) {
                return Err(Fault::failed(format!(
                    "Of {samples} samples of {count} ratios, spread evenly over 0.5 to 1.5, the intervals are {mean:.4} \
                     wide in the mean; 95 % intervals of the median are {expected:.4} wide, give or take a tenth."
                )));
            }
        }
        Ok(())
    });
}

#[test]
fn a_rank_that_is_a_whole_number_is_not_rounded_up() {
    judge(|check| {
        let client = client(check)?;
        for count in [20_u64, 25, 50, 100, 200, 700, 1000] {
            let percents: Vec<u64> = (0..=100).filter(|percent| percent * count % 100 == 0).collect();
            let values = (1..=count).rev().collect();
            let job = Job::Percentile { values, percents: percents.iter().map(|p| *p as f64).collect() };
            let seen: Vec<Option<u64>> = ask(&client, job)?;
            for (at, percent) in percents.iter().enumerate() {
                let rank = (percent * count / 100).max(1);
                if seen.get(at) != Some(&Some(rank)) {
                    return Err(Fault::failed(format!(
                        "The percentile {percent} of 1 to {count} came out as {:?}; expected {rank}.",
                        seen.get(at)
                    )));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn a_time_of_zero_counts_as_one() {
    judge(|check| {
        let client = client(check)?;
        let ticks = [4, 0, 3, 6, 2, 0, 0, 0, 1, 12, 5, 0];
        let seen = pairs(&client, &ticks, 1, 30, check.seed())?;
        orders(&seen, &ticks, 1, 30).map(drop)
    });
}

#[test]
fn the_workload_exposes_every_fault_at_another_size() {
    judge(|check| {
        let kinds = [
            FaultKind::HandsOutTwice,
            FaultKind::HandsOutTwiceLate,
            FaultKind::Misaligns,
            FaultKind::CutsShort,
            FaultKind::LeavesDirty,
            FaultKind::LosesOnGrowth,
            FaultKind::ForgetsOnGrowth,
            FaultKind::LosesOnShrink,
            FaultKind::CorruptsNeighbour,
            FaultKind::WritesLink,
            FaultKind::RefusesFree,
            FaultKind::RefusesAfterFreeAll,
        ];
        for (turn, ops, budget) in [(1, 2000, 64 << 10), (2, 4000, 200_000), (3, 3000, 1 << 19)] {
            let order = Order { seed: check.seed() ^ turn, ops, budget };
            exposes(check, order, &kinds)?;
            accuses_nobody(check, order)?;
        }
        Ok(())
    });
}
