//! Random programs.

use super::laws::{MAX, exact, heap};
use testkit::heap::{Sizes, choices, lower};
use testkit::judge;
use testkit::property::{CASES, property};

#[test]
fn random_programs_keep_every_law() {
    judge(|check| {
        let heap = heap(check)?;
        let sizes = Sizes { common: 300, rare: 20_000, align: 12 };
        property(check, CASES, &choices(sizes, 60), |choices| {
            heap.hold(heap.program(64 << 10, lower(choices, 5, false)), &exact).map(drop)
        })
    });
}

#[test]
fn freeing_everything_restores_the_initial_state() {
    judge(|check| {
        let heap = heap(check)?;
        let sizes = Sizes { common: 2000, rare: MAX, align: 21 };
        property(check, CASES, &choices(sizes, 60), |choices| {
            heap.hold(heap.program(3 * MAX, lower(choices, 0, true)), &exact).map(drop)
        })
    });
}
