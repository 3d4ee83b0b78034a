//! Threads: all interleavings of a few steps, and real threads.

use super::laws::client;
use super::laws::models::{boxes, serves, stack};
use crate::protocol::Request;
use crate::protocol::pool::BoxStep::{Drop, Insert, Take};
use crate::protocol::pool::StackStep::{Pop, Push};
use crate::protocol::pool::{Job, Stress, Stressed};
use driverkit::payload::{expected, key};
use testkit::{Check, Fault, Judged, judge};

#[test]
fn two_pops_at_once_never_give_the_same_index() {
    judge(|check| {
        let outcomes = stack(check, 2, &[&[Pop], &[Pop]])?;
        serves(outcomes.into_iter().map(|outcome| outcome.served), &[vec![vec![true], vec![true]]])?;
        let outcomes = stack(check, 1, &[&[Pop], &[Pop]])?;
        serves(
            outcomes.into_iter().map(|outcome| outcome.served),
            &[vec![vec![true], vec![false]], vec![vec![false], vec![true]]],
        )
    });
}

#[test]
fn a_pop_against_pops_and_pushes_neither_loses_nor_doubles_an_index() {
    judge(|check| {
        stack(check, 2, &[&[Pop], &[Pop, Pop, Push]])?;
        stack(check, 3, &[&[Pop, Pop], &[Pop, Pop, Push]])?;
        stack(check, 2, &[&[Pop, Push], &[Pop, Push, Pop]]).map(drop)
    });
}

#[test]
fn what_was_written_before_a_push_is_seen_after_the_pop() {
    judge(|check| {
        let outcomes = stack(check, 1, &[&[Pop, Push], &[Pop, Push]])?;
        let all =
            [vec![vec![true], vec![true]], vec![vec![true], vec![false]], vec![vec![false], vec![true]]];
        serves(outcomes.into_iter().map(|outcome| outcome.served), &all)?;
        stack(check, 2, &[&[Pop, Push, Pop], &[Pop, Push]]).map(drop)
    });
}

#[test]
fn taking_against_inserting_serves_as_some_order_would() {
    judge(|check| {
        let outcomes = boxes(check, 1, &[0, 0], &[&[Insert, Take], &[Insert, Drop]])?;
        let all =
            [vec![vec![true], vec![true]], vec![vec![true], vec![false]], vec![vec![false], vec![true]]];
        serves(outcomes.into_iter().map(|outcome| outcome.served), &all)?;
        let outcomes = boxes(check, 2, &[1, 0], &[&[Take, Insert], &[Insert, Take]])?;
        serves(outcomes.into_iter().map(|outcome| outcome.served), &[vec![vec![true], vec![true]]])
    });
}

#[test]
fn threads_that_exchange_boxes_find_what_was_put_in() {
    judge(|check| {
        exchanged(check, 8, 6, false)?;
        // Values and pool are like those that are timed.
        exchanged(check, 253, 12, true)
    });
}

/// Four threads, each with up to `held` boxes, meet at `exchange` places.
fn exchanged(check: &Check, held: u32, exchange: u32, words: bool) -> Judged {
    let (threads, operations) = (4, 15_000);
    // As many slots as there may be boxes, and not one more.
    let capacity = threads * held + exchange;
    let stress = Stress { threads, operations, held, exchange, capacity, seed: check.seed(), words };
    let client = client(check)?;
    let answer = client.ask::<_, Stressed>(&Request::Pool(Job::Stress(stress)));
    let transcript = answer.map_err(|(fault, _)| fault)?;
    let [stressed] = transcript.replies.as_slice() else {
        return Err(Fault::failed("The stress gave no result."));
    };
    let asked = threads * operations;
    if stressed.served != u64::from(asked) {
        return Err(Fault::failed(format!(
            "{threads} threads inserted {asked} values, never more at once than the pool has slots; {} were \
             let in.",
            stressed.served
        )));
    }
    let sum =
        (0..asked).fold(0_u64, |sum, id| sum.wrapping_add(expected(stress.bytes(), key(stress.seed, id))));
    if stressed.held != sum || stressed.strays > 0 {
        return Err(Fault::failed(
            "What the threads put in is not what they found: two values shared a slot, or one was written \
             to while it was live.",
        ));
    }
    if !words && stressed.drops != u64::from(asked) {
        return Err(Fault::failed(format!(
            "{asked} values were put in, and there were {} drops.",
            stressed.drops
        )));
    }
    if stressed.free_at_end != capacity {
        return Err(Fault::failed(format!(
            "With everything given back, a pool of {capacity} slots took {} values.",
            stressed.free_at_end
        )));
    }
    Ok(())
}
