//! Threads: all interleavings of a few steps, and real threads.

use super::laws::threads::{model, stress};
use crate::protocol::track::Fate::{Moves, Stays};
use crate::protocol::track::Step::{Free, Malloc, Realloc};
use crate::protocol::track::Stress;
use testkit::judge;

/// Bytes in a mebibyte: what the peak's slack is small beside.
const MIB: u64 = 1 << 20;

#[test]
fn freeing_a_block_spares_the_record_of_who_gets_its_address() {
    judge(|check| {
        model(check, &[&[24], &[]], &[&[Free], &[Malloc(100)]])?;
        model(check, &[&[24], &[48]], &[&[Free, Malloc(100)], &[Free, Malloc(200)]])
    });
}

#[test]
fn moving_a_block_spares_the_record_of_who_gets_its_address() {
    judge(|check| {
        model(check, &[&[24], &[]], &[&[Realloc(100, Moves)], &[Malloc(48)]])?;
        model(check, &[&[24], &[]], &[&[Realloc(8, Moves), Free], &[Malloc(48), Realloc(100, Stays)]])
    });
}

#[test]
fn two_threads_that_allocate_at_once_are_both_recorded() {
    judge(|check| model(check, &[&[], &[]], &[&[Malloc(24), Malloc(48)], &[Malloc(100), Free]]));
}

#[test]
fn the_peak_of_two_threads_is_not_lost() {
    judge(|check| {
        model(check, &[&[], &[]], &[&[Malloc(10 * MIB), Free], &[Malloc(20 * MIB), Free]])?;
        model(
            check,
            &[&[MIB], &[MIB]],
            &[&[Realloc(10 * MIB, Moves), Free], &[Realloc(20 * MIB, Stays), Free]],
        )
    });
}

#[test]
fn four_threads_that_exchange_blocks_are_told_exactly() {
    judge(|check| {
        for round in 0..3 {
            stress(check, Stress { threads: 4, operations: 20_000, seed: check.seed().wrapping_add(round) })?;
        }
        Ok(())
    });
}
