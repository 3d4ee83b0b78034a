//! Single behaviours, one a check.

use super::laws::sampling::{self, Sampled, Sampling};
use super::laws::{allocated, ask_one, client, follow, freed, hold_histograms, model, moved};
use crate::protocol::patterns::{Histograms, Job};
use testkit::client::Client;
use testkit::{Fault, Judged, judge};

/// Addresses.
const A: u64 = 0x1000;
const B: u64 = 0x2000;
const C: u64 = 0x3000;

/// Holds the buckets of sizes against the model.
fn buckets(client: &Client<'_>, sizes: Vec<u64>) -> Judged {
    let seen: Vec<u64> = ask_one(client, Job::Buckets(sizes.clone()))?;
    let buckets = model::buckets();
    let expected: Vec<u64> = sizes.iter().map(|size| model::bucket(&buckets, *size)).collect();
    match (0..sizes.len()).find(|at| seen.get(*at) != expected.get(*at)) {
        None => Ok(()),
        Some(at) => Err(Fault::failed(format!(
            "bucket({}) is {:?}; expected {}.",
            sizes[at],
            seen.get(at),
            expected[at]
        ))),
    }
}

#[test]
fn sizes_have_a_bucket_each_up_to_31_and_then_share_16_a_doubling() {
    judge(|check| {
        let client = client(check)?;
        buckets(&client, (0..4096).collect())
    });
}

#[test]
fn every_edge_of_a_bucket_lies_in_it_up_to_the_largest_size() {
    judge(|check| {
        let client = client(check)?;
        buckets(&client, model::buckets().into_iter().flat_map(|(least, most)| [least, most]).collect())
    });
}

#[test]
fn bounds_are_the_least_and_the_largest_size_of_each_bucket() {
    judge(|check| {
        let expected = model::buckets();
        let all = (0..expected.len() as u64).collect();
        let seen: Vec<(u64, u64)> = ask_one(&client(check)?, Job::Bounds(all))?;
        match (0..expected.len()).find(|at| seen.get(*at) != expected.get(*at)) {
            None => Ok(()),
            Some(at) => Err(Fault::failed(format!(
                "bounds({at}) is {:?}; expected {:?}.",
                seen.get(at),
                expected[at]
            ))),
        }
    });
}

#[test]
fn the_mass_is_the_number_of_allocations() {
    judge(|check| {
        let sizes = vec![24, 24, 1000, 0, 31, 32, 33, 24, 1001, 34, 65_536, u64::MAX, 1 << 63, 0];
        let shards = vec![sizes, vec![], vec![7; 300]];
        hold_histograms(&client(check)?, &Histograms { shards, merges: vec![], then: vec![] })
    });
}

#[test]
fn merged_shards_are_one_sequential_histogram() {
    judge(|check| {
        let shards = vec![vec![1, 2, 3, 40, 5000], vec![2, 41, 41], vec![], vec![5001, u64::MAX]];
        // All into the first; then one that was merged already, and one into an empty one.
        let merges = vec![(0, 1), (0, 2), (0, 3), (1, 3), (2, 1)];
        hold_histograms(&client(check)?, &Histograms { shards, merges, then: vec![] })
    });
}

#[test]
fn a_lifetime_is_what_was_allocated_between_birth_and_end() {
    judge(|check| {
        let steps = [
            allocated(A, 100, 1),
            allocated(B, 24, 2),
            allocated(C, 1000, 1),
            freed(A),
            allocated(A, 7, 2),
            freed(B),
            freed(C),
            freed(A),
        ];
        follow(check, steps)
    });
}

#[test]
fn a_block_is_temporary_only_if_the_very_next_event_frees_it() {
    judge(|check| {
        follow(check, [allocated(A, 24, 1), freed(A), allocated(A, 24, 1), freed(A)])?;
        // Another block of the same size and site is not this one.
        follow(check, [allocated(A, 24, 1), allocated(B, 24, 1), freed(A), freed(B)])?;
        follow(check, [allocated(A, 24, 1), freed(B), freed(A)])?;
        follow(check, [allocated(A, 24, 1), allocated(B, 8, 2), freed(B), freed(A)])
    });
}

#[test]
fn a_moved_block_keeps_its_birth_and_its_site() {
    judge(|check| {
        follow(check, [allocated(A, 100, 1), allocated(B, 50, 2), moved(A, C, 300), freed(B), freed(C)])?;
        // In place; to a smaller size, where the clock stands still; and up again.
        let steps =
            [allocated(A, 100, 1), moved(A, A, 40), allocated(B, 8, 2), moved(A, B, 60), freed(B), freed(A)];
        follow(check, steps)
    });
}

#[test]
fn a_block_that_moved_at_once_is_no_temporary() {
    judge(|check| {
        follow(check, [allocated(A, 24, 1), moved(A, B, 48), freed(B)])?;
        follow(check, [allocated(A, 24, 1), moved(A, A, 48), freed(A)])?;
        follow(check, [allocated(A, 24, 1), allocated(B, 24, 1), moved(A, C, 48), freed(B), freed(C)])
    });
}

#[test]
fn a_free_of_an_unknown_block_changes_nothing() {
    judge(|check| {
        follow(
            check,
            [freed(A), allocated(A, 24, 1), freed(B), freed(A), freed(A), allocated(B, 8, 1), freed(A)],
        )
    });
}

#[test]
fn a_leak_score_follows_laplaces_rule() {
    judge(|check| {
        // The judge asks after each event, and about a site that never allocates.
        let many = (0..200).map(|block| allocated(A + 16 * block, 16, (block % 3) as u32));
        let fewer = (0..150).map(|block| freed(A + 16 * block));
        follow(check, many.chain(fewer).collect::<Vec<_>>())
    });
}

#[test]
fn an_address_that_is_used_again_belongs_to_the_new_block() {
    judge(|check| {
        let freed_between =
            [allocated(A, 24, 1), freed(A), allocated(B, 10, 3), allocated(A, 100, 2), freed(A)];
        follow(check, freed_between)?;
        // Here nobody saw the free: it counts, at the last moment before the clock goes on, and as no temporary.
        follow(check, [allocated(A, 24, 1), allocated(B, 10, 3), allocated(A, 100, 2), freed(B), freed(A)])?;
        follow(check, [allocated(A, 24, 1), allocated(A, 24, 1), freed(A)])
    });
}

/// Lets one sampler choose among blocks of one size.
fn one_size(client: &Client<'_>, mean: u64, seed: u64, size: u64, rounds: u32) -> Judged<Sampled> {
    sampling::hold(client, &Sampling { mean, seed, samplers: 1, sizes: vec![size], rounds })
}

#[test]
fn a_sample_stands_for_one_over_its_chance() {
    judge(|check| {
        let client = client(check)?;
        for size in [1, 10, 100, 1000, 3000, 4096, 5000, 10_000, 40_960, 64 * 4096] {
            let sampled = one_size(&client, 4096, check.seed(), size, 200_000)?;
            if sampled.tallies[0].chosen == 0 {
                return Err(Fault::failed(format!("No block of {size} bytes was chosen; the mean is 4096.")));
            }
        }
        Ok(())
    });
}

#[test]
fn blocks_of_one_size_are_chosen_as_often_as_they_should() {
    judge(|check| {
        let client = client(check)?;
        for (mean, size) in
            [(512, 1), (512, 16), (512, 300), (512, 512), (512, 2048), (512, 64 * 512), (8, 1), (8, 20)]
        {
            // At least some thousand times each.
            let rounds = if size < mean / 16 { 4_000_000 } else { 1_000_000 };
            one_size(&client, mean, check.seed() ^ size, size, rounds)?;
        }
        Ok(())
    });
}

#[test]
fn what_is_chosen_hangs_on_the_seed_alone() {
    judge(|check| {
        let client = client(check)?;
        let sampling =
            Sampling { mean: 1000, seed: check.seed(), samplers: 2000, sizes: vec![700, 100], rounds: 50 };
        let first = sampling::chosen(&client, &sampling)?;
        if first != sampling::chosen(&client, &sampling)? {
            return Err(Fault::failed(
                "Samplers of the same seeds chose otherwise when they were made again.",
            ));
        }
        Ok(())
    });
}

#[test]
fn sampling_never_allocates() {
    judge(|check| {
        let sampling =
            Sampling { mean: 1024, seed: check.seed(), samplers: 100, sizes: vec![16, 100], rounds: 1000 };
        let sampled = sampling::chosen(&client(check)?, &sampling)?;
        match sampled.allocated {
            0 => Ok(()),
            bytes => Err(Fault::failed(format!(
                "`Sampler::new` and `Sampler::sample` took {bytes} bytes of the system; they run before a profiler \
                 can allow itself to allocate."
            ))),
        }
    });
}
