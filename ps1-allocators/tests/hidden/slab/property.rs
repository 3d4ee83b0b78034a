//! Random programs in small regions, and misuse.

use super::laws::{SLAB, exactly};
use testkit::heap::{Command, Sizes, choices, deallocate_at, lower, walk};
use testkit::judge;
use testkit::property::{CASES, property};
use testkit::proptest::prelude::*;

#[test]
fn random_programs_keep_every_law_where_slabs_are_few() {
    judge(|check| {
        let sizes = Sizes { common: 8192, rare: 8192, align: 9 };
        let region = prop_oneof![SLAB..3 * SLAB];
        property(check, CASES / 2, &(region, choices(sizes, 70)), |(region, choices)| {
            let mut commands = lower(choices, 11, true);
            commands.extend([Command::Shrink, walk()]);
            exactly(check, *region, commands).map(drop)
        })
    });
}

#[test]
fn frees_of_no_objects_are_told_in_any_state() {
    judge(|check| {
        let sizes = Sizes { common: 3000, rare: 8192, align: 6 };
        // Odd addresses: no object starts there.
        let wrong = prop_oneof![-4096..0_i64, 0..(4 * SLAB + 4000) as i64].prop_map(|offset| offset | 1);
        let values = (choices(sizes, 40), prop::collection::vec((wrong, 1..9000_u64), 1..12));
        property(check, CASES / 2, &values, |(choices, wrong)| {
            let mut commands = lower(choices, 0, false);
            commands.extend(wrong.iter().map(|(offset, size)| deallocate_at(*offset, *size, 1)));
            commands.push(walk());
            exactly(check, 4 * SLAB + 1024, commands).map(drop)
        })
    });
}
