//! All interleavings of steps that go wrong more rarely.

use super::laws::models::{boxes, serves};
use crate::protocol::pool::BoxStep::{Drop, Insert, Take};
use testkit::judge;

#[test]
fn a_value_is_refused_only_if_every_slot_was_taken_at_once() {
    judge(|check| {
        // Two slots and never more than two boxes.
        let outcomes = boxes(check, 2, &[1, 0], &[&[Drop, Insert], &[Insert]])?;
        serves(outcomes.into_iter().map(|outcome| outcome.served), &[vec![vec![true], vec![true]]])?;
        let outcomes = boxes(check, 2, &[0, 1], &[&[Insert], &[Take, Insert]])?;
        serves(outcomes.into_iter().map(|outcome| outcome.served), &[vec![vec![true], vec![true]]])
    });
}

#[test]
fn a_slot_is_free_only_when_its_value_is_gone() {
    judge(|check| {
        boxes(check, 1, &[1, 0], &[&[Drop], &[Insert, Drop]])?;
        boxes(check, 1, &[1, 0], &[&[Take], &[Insert, Take]])?;
        boxes(check, 2, &[1, 1], &[&[Drop, Insert], &[Drop, Insert]]).map(drop)
    });
}
