//! Random programs with other sizes, other regions, and misuse.

use super::laws::{MAX, MIN, exact, heap};
use testkit::heap::{Sizes, choices, deallocate_at, lower};
use testkit::judge;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;

#[test]
fn random_programs_keep_every_law_in_regions_of_any_length() {
    judge(|check| {
        let heap = heap(check)?;
        let sizes = Sizes { common: 600, rare: 40_000, align: 13 };
        let region = prop_oneof![MIN..4096, 4096..200_000_u64, MAX - 64..MAX + 4096];
        property(check, CASES, &(region, choices(sizes, 80)), |(region, choices)| {
            heap.hold(heap.program(*region, lower(choices, 7, true)), &exact).map(drop)
        })
    });
}

#[test]
fn frees_of_addresses_beyond_the_region_are_told_in_any_state() {
    judge(|check| {
        let heap = heap(check)?;
        let sizes = Sizes { common: 200, rare: 5_000, align: 8 };
        let wrong = prop_oneof![-4096..0_i64, 32_768..40_000_i64, any::<i64>().prop_map(|far| far | 1 << 40)];
        let values = (choices(sizes, 40), prop::collection::vec((wrong, 1..5000_u64), 1..8));
        property(check, CASES, &values, |(choices, wrong)| {
            let mut commands = lower(choices, 0, false);
            commands.extend(wrong.iter().map(|(offset, size)| deallocate_at(*offset, *size, 1)));
            commands.push(testkit::heap::walk());
            heap.hold(heap.program(32_768, commands), &exact).map(drop)
        })
    });
}
