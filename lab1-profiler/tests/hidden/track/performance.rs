//! Time on a program that nobody has seen.

use super::laws::client;
use super::laws::loads::{Load, alone};
use crate::home::RUBRIC;
use testkit::duel::duel;
use testkit::edges::Edges;
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
                load.exchange(&mut calls);
            }
            while load.len() > wave * 200 {
                calls.push(load.free());
            }
        }
        calls.extend((0..load.len()).map(|_| load.free()));
        let client = client(check)?;
        let edges = Edges::of(RUBRIC, "track", "over_map")?;
        let what = "the speed on one thread beside a hash map behind a lock";
        duel(check, "over_map", what, &edges, |seed| Ok(vec![alone(&client, seed, &calls)?]))
    });
}
