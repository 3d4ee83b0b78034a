//! Single behaviours at the edges of the design.

use super::laws::sampling::{self, Sampling};
use super::laws::{allocated, client, follow, freed, hold_histograms, moved, on};
use crate::protocol::patterns::Event::{Allocated, Freed, Moved};
use crate::protocol::patterns::Histograms;
use driverkit::prng::SplitMix64;
use testkit::judge;

/// Addresses.
const A: u64 = 0x1000;
const B: u64 = 0x2000;
const C: u64 = 0x3000;

#[test]
fn counts_and_their_total_stay_at_the_largest_number() {
    judge(|check| {
        let client = client(check)?;
        // Who takes itself in has every count twice: 2^63 sizes of each.
        let doubled = [(0, 0); 63];
        let jobs = [
            (doubled.to_vec(), vec![]),
            // Twice 2^63, and then one more.
            ([doubled.as_slice(), &[(0, 0)]].concat(), vec![(0, 24), (0, 7)]),
            ([doubled.as_slice(), &[(1, 0), (1, 0), (0, 1)]].concat(), vec![(1, 5000), (0, 24)]),
            // 1 + 2 + 4 + …, up to the largest number itself.
            ([(1, 0), (0, 0)].repeat(64), vec![]),
            ([(1, 0), (0, 0)].repeat(64), vec![(1, 5000)]),
        ];
        for (merges, then) in jobs {
            let shards = vec![vec![24, 5000], vec![24, 24, 7]];
            hold_histograms(&client, &Histograms { shards, merges, then })?;
        }
        Ok(())
    });
}

#[test]
fn threads_do_not_know_of_each_other() {
    judge(|check| {
        // The other thread's events come in between, and neither ends nor opens anything here.
        let steps = [
            on(0, Allocated(A, 24, 1)),
            on(1, Allocated(A, 100, 1)),
            on(0, Freed(A)),
            on(1, Freed(A)),
            on(0, Allocated(A, 24, 1)),
            on(1, Freed(A)),
            on(0, Freed(A)),
            on(1, Allocated(B, 8, 2)),
            on(0, Freed(B)),
            on(1, Moved(B, C, 16)),
            on(0, Allocated(C, 1, 2)),
            on(1, Freed(C)),
            on(0, Freed(C)),
        ];
        follow(check, steps)
    });
}

#[test]
fn a_block_that_moves_to_where_another_is_known_ends_it() {
    judge(|check| {
        let onto = [allocated(A, 24, 1), allocated(B, 100, 2), moved(A, B, 50), freed(A), freed(B)];
        follow(check, onto)?;
        // Nobody knows what comes to B, but it is not what was there.
        let unknown = [allocated(B, 100, 2), allocated(A, 1, 1), moved(C, B, 50), freed(B), freed(A)];
        follow(check, unknown)?;
        follow(check, [allocated(B, 100, 2), moved(C, C, 50), moved(C, A, 7), freed(C), freed(A), freed(B)])
    });
}

#[test]
fn the_clock_goes_on_past_its_largest_value_and_a_sum_stays_there() {
    judge(|check| {
        let most = u64::MAX;
        let around = [
            allocated(A, most - 10, 1),
            allocated(B, 100, 2),
            freed(A),
            allocated(C, most / 2, 1),
            freed(B),
            moved(C, C, most),
            freed(C),
        ];
        follow(check, around)?;
        // Two lifetimes whose sum is too much.
        let sum = [
            allocated(A, 1, 1),
            allocated(B, 1, 1),
            allocated(C, most - 2, 2),
            freed(A),
            freed(B),
            allocated(A, 1, 1),
            freed(A),
        ];
        follow(check, sum)
    });
}

#[test]
fn sites_and_addresses_may_be_any() {
    judge(|check| {
        let (addresses, sites) = ([0, 1, 2, u64::MAX, u64::MAX - 1, 1 << 63], [0, u32::MAX, 1 << 31, 1]);
        let blocks = || addresses.into_iter().zip(sites.into_iter().cycle());
        let all: Vec<_> = blocks().map(|(block, site)| allocated(block, block % 7, site)).collect();
        let then =
            [freed(0), moved(u64::MAX, 0, 5), freed(1 << 63), allocated(u64::MAX, 3, u32::MAX), freed(0)];
        follow(check, [all.as_slice(), &then].concat())
    });
}

#[test]
fn a_long_life_with_many_blocks_and_sites_is_followed_exactly() {
    judge(|check| {
        let mut prng = SplitMix64::new(check.seed());
        let mut steps = Vec::new();
        for _ in 0..100_000 {
            let (block, other) = (16 * prng.below(30_000), 16 * prng.below(30_000));
            steps.push(match prng.below(8) {
                0 => moved(block, other, prng.below(1000)),
                1..5 => allocated(block, prng.below(1000), prng.below(2000) as u32),
                _ => freed(block),
            });
        }
        follow(check, steps)
    });
}

#[test]
fn sizes_are_estimated_together_even_if_one_of_them_dominates() {
    judge(|check| {
        let client = client(check)?;
        // A large block, then many small ones, for which it must not matter.
        let mut large = vec![16; 40];
        large[0] = 64 * 1024;
        // All sizes from a byte to 64 means, each twice as large as the one before.
        let doubling = (0..17).map(|power| 1_u64 << power).collect();
        for sizes in [large, doubling, vec![1500, 8, 1500, 300, 700, 8], vec![24, 1024, 24, 24, 24]] {
            let sampling = Sampling { mean: 1024, seed: check.seed(), samplers: 1, sizes, rounds: 300_000 };
            sampling::hold(&client, &sampling)?;
        }
        Ok(())
    });
}

#[test]
fn the_first_block_is_chosen_like_every_other() {
    judge(|check| {
        let client = client(check)?;
        // Seeds from 0 on, which look much alike.
        for seed in [0, check.seed()] {
            for sizes in [vec![700], vec![50], vec![3000, 10, 10]] {
                let sampling = Sampling { mean: 1000, seed, samplers: 20_000, sizes, rounds: 2 };
                sampling::hold(&client, &sampling)?;
            }
        }
        Ok(())
    });
}

#[test]
fn weights_are_exact_where_a_block_is_a_tiny_part_of_the_mean() {
    judge(|check| {
        let sizes = vec![1, 2, 3];
        let sampling =
            Sampling { mean: 12_345_678, seed: check.seed(), samplers: 1, sizes, rounds: 30_000_000 };
        sampling::hold(&client(check)?, &sampling).map(drop)
    });
}

#[test]
fn blocks_without_bytes_are_never_chosen_and_the_mean_may_be_1_or_0() {
    judge(|check| {
        let client = client(check)?;
        for mean in [1, 2, 0] {
            let sizes = vec![0, 1, 0, 2, 1, 0];
            let sampling = Sampling { mean, seed: check.seed(), samplers: 2, sizes, rounds: 200_000 };
            sampling::hold(&client, &sampling)?;
        }
        // However many chosen bytes a block has, it is one block.
        let sizes = vec![u64::MAX, 1, 1 << 40, 1, u64::MAX];
        let huge = Sampling { mean: 1, seed: check.seed(), samplers: 1, sizes, rounds: 1000 };
        sampling::hold(&client, &huge).map(drop)
    });
}
