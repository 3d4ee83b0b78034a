//! Interleavings of resizes.

use super::laws::threads::{model, stress};
use crate::protocol::track::Fate::{Fails, Moves, Stays};
use crate::protocol::track::Step::{Free, Malloc, Realloc};
use crate::protocol::track::Stress;
use testkit::judge;

#[test]
fn two_blocks_that_move_at_once_keep_their_records() {
    judge(|check| {
        model(check, &[&[24], &[48]], &[&[Realloc(100, Moves)], &[Realloc(200, Moves)]])?;
        model(check, &[&[24], &[48]], &[&[Realloc(100, Stays)], &[Free, Malloc(200)]])
    });
}

#[test]
fn a_resize_that_fails_leaves_its_record_whatever_others_do() {
    judge(|check| {
        model(check, &[&[24], &[48]], &[&[Realloc(100, Fails)], &[Free, Malloc(200)]])?;
        model(check, &[&[24], &[48]], &[&[Realloc(100, Fails), Free], &[Realloc(10, Moves)]])
    });
}

#[test]
fn many_short_stresses_are_told_exactly() {
    judge(|check| {
        for round in 0..40 {
            stress(check, Stress { threads: 2, operations: 1_000, seed: check.seed().wrapping_add(round) })?;
        }
        Ok(())
    });
}
