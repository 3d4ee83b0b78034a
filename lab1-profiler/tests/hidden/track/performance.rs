//! Time on a program that nobody has seen.

use super::laws::loads::{Load, beside_map};
use testkit::judge;

#[test]
fn keeps_up_on_an_unseen_program() {
    judge(|check| {
        // Waves, each of which leaves a few blocks.
        let mut load = Load::new(check.seed());
        let mut calls = Vec::new();
        for wave in 1..=12 {
            while load.len() < 4_000 + wave * 500 {
                calls.push(load.malloc());
            }
            for _ in 0..2_000 {
                load.churn(&mut calls);
            }
            while load.len() > wave * 200 {
                calls.push(load.free());
            }
        }
        calls.extend((0..load.len()).map(|_| load.free()));
        beside_map(check, &calls)
    });
}
