//! Single behaviours, one a check.

use super::laws::axioms::outcomes;
use super::laws::{FENCE, MACHINES, ask, ask_one, litmus, load, plain, ring, same_outcomes, store};
use crate::protocol::Request;
use crate::protocol::ordering::{Job, Op, Step, number};
use std::time::Duration;
use testkit::client::Client;
use testkit::{Fault, Judged, judge};

/// How long a larger litmus test may take: a search over states needs a tenth of it.
const ENOUGH: Duration = Duration::from_secs(3);

const X: u8 = 0;
const Y: u8 = 1;

/// A test of the literature: its threads, and the outcome that it is about.
struct Named {
    name: &'static str,
    threads: Vec<Vec<Op>>,
    outcome: &'static [u64],
}

/// The four named tests, with whatever stands between the two operations of a thread.
fn named(between: &[Op]) -> [Named; 4] {
    let thread = |first: Op, second: Op| [&[first], between, &[second]].concat();
    [
        Named {
            name: "SB",
            threads: vec![thread(store(X, 1), load(Y)), thread(store(Y, 1), load(X))],
            outcome: &[0, 0],
        },
        Named {
            name: "MP",
            threads: vec![thread(store(X, 1), store(Y, 1)), thread(load(Y), load(X))],
            outcome: &[1, 0],
        },
        Named {
            name: "LB",
            threads: vec![thread(load(X), store(Y, 1)), thread(load(Y), store(X, 1))],
            outcome: &[1, 1],
        },
        Named {
            name: "IRIW",
            threads: vec![
                vec![store(X, 1)],
                vec![store(Y, 1)],
                thread(load(X), load(Y)),
                thread(load(Y), load(X)),
            ],
            outcome: &[1, 0, 1, 0],
        },
    ]
}

/// Every combination of zeros and ones in so many registers, in order.
fn combinations(registers: usize) -> Vec<Vec<u64>> {
    let bits = |word: u64| (0..registers).rev().map(|bit| word >> bit & 1).collect();
    (0..1 << registers).map(bits).collect()
}

/// Holds an answer against the literature: of the zeros and ones, all but the named outcome are possible
/// everywhere, and that one only where `allowed` says so.
fn hold(client: &Client<'_>, named: &Named, allowed: [bool; 3]) -> Judged {
    for (machine, allowed) in MACHINES.into_iter().zip(allowed) {
        let mut expected = combinations(named.outcome.len());
        expected.retain(|outcome| allowed || outcome != named.outcome);
        // The judge's axioms have to say what the literature says, or no other check could be believed.
        if outcomes(&named.threads, machine) != expected {
            return Err(Fault::Broke(format!("the axioms disagree with the literature on {}", named.name)));
        }
        let given = ask_one::<Vec<Vec<u64>>>(client, Job::Litmus(named.threads.clone(), machine))?;
        same_outcomes(&named.threads, machine, &expected, &given).map_err(|fault| {
            fault.map(|failure| failure.message.insert_str(0, &format!("{}. ", named.name)))
        })?;
    }
    Ok(())
}

#[test]
fn the_named_litmus_tests_have_the_outcomes_of_the_literature() {
    judge(|check| {
        let client = plain(check)?;
        // Under SC, TSO, relaxed.
        let allowed = [[false, true, true], [false, false, true], [false, false, true], [false, false, true]];
        named(&[]).iter().zip(allowed).try_for_each(|(named, allowed)| hold(&client, named, allowed))
    });
}

#[test]
fn a_fence_in_each_thread_forbids_what_the_named_tests_are_about() {
    judge(|check| {
        let client = plain(check)?;
        named(&[FENCE]).iter().try_for_each(|named| hold(&client, named, [false; 3]))
    });
}

#[test]
fn a_thread_reads_its_own_store_before_others_can() {
    judge(|check| {
        let client = plain(check)?;
        // Under TSO each thread may see its own store and miss the other's.
        litmus(&client, &[vec![store(X, 1), load(X), load(Y)], vec![store(Y, 1), load(Y), load(X)]])?;
        litmus(&client, &[vec![store(X, 1), store(X, 2), load(X), load(Y)], vec![store(Y, 1), load(X)]])
    });
}

#[test]
fn one_thread_alone_has_one_outcome_under_every_model() {
    judge(|check| {
        let client = plain(check)?;
        let alone =
            [load(X), store(X, 3), load(X), store(Y, 4), store(X, 5), load(Y), FENCE, load(X), load(X)];
        for machine in MACHINES {
            let threads = [alone.to_vec()];
            let given = ask_one::<Vec<Vec<u64>>>(&client, Job::Litmus(threads.to_vec(), machine))?;
            same_outcomes(&threads, machine, &[vec![0, 3, 4, 5, 5]], &given)?;
        }
        Ok(())
    });
}

#[test]
fn a_test_of_twenty_four_operations_is_enumerated_in_time() {
    judge(|check| {
        let client = plain(check)?;
        // No variable is shared, so there is one outcome; the threads' operations merge in 9,465,511,770 ways.
        let mine = |variable: u8| (1..=4).flat_map(move |value| [store(variable, value), load(variable)]);
        let threads: Vec<Vec<Op>> = (0..3).map(|variable| mine(variable).collect()).collect();
        for machine in MACHINES {
            let job = Request::Ordering(Job::Litmus(threads.clone(), machine));
            let answer = client.ask_within::<_, Vec<Vec<u64>>>(&job, ENOUGH).map_err(|(fault, _)| fault)?;
            let given = answer.replies.first().cloned().unwrap_or_default();
            same_outcomes(&threads, machine, &[[1, 2, 3, 4].repeat(3)], &given)?;
        }
        Ok(())
    });
}

#[test]
fn a_ring_gives_back_in_order_and_refuses_when_it_is_full() {
    judge(|check| {
        let client = plain(check)?;
        for capacity in [2, 4, 8] {
            // Filled beyond its end, emptied beyond its beginning, again and again from another slot.
            let mut numbers = (0..).map(|place| number(check.seed(), place));
            let mut push =
                |times: u32| numbers.by_ref().take(times as usize).map(Step::Push).collect::<Vec<_>>();
            let pop = |times: u32| vec![Step::Pop; times as usize];
            let mut steps = [push(capacity + 1), pop(capacity + 1)].concat();
            for some in 1..=capacity {
                steps.extend([push(some), pop(some - 1), push(capacity + 2), pop(some)].concat());
                steps.extend(pop(capacity + 1));
                steps.extend([push(1), pop(1)].concat());
            }
            ring(&client, capacity, &steps)?;
        }
        Ok(())
    });
}

#[test]
fn what_is_left_in_a_ring_is_dropped_with_it_once() {
    judge(|check| {
        let client = plain(check)?;
        ring(&client, 4, &[])?;
        ring(&client, 4, &[Step::Push(1), Step::Push(2), Step::Pop, Step::Push(3)])?;
        let full = [Step::Push(1), Step::Pop, Step::Push(2), Step::Push(3), Step::Push(4), Step::Push(5)];
        ring(&client, 4, &full)
    });
}

#[test]
fn a_seqlock_that_nobody_else_writes_gives_what_was_written_last() {
    judge(|check| {
        let client = plain(check)?;
        let pair = |place: u64| [number(check.seed(), 2 * place), number(check.seed(), 2 * place + 1)];
        // A step is a write, or a read where there is nothing to write.
        let mut steps = vec![None, None];
        for place in 1..20 {
            steps.extend([Some(pair(place)), None]);
        }
        steps.extend([Some(pair(20)), Some([u64::MAX, 0]), None, None, Some([0, 0]), None]);
        let given = ask::<Option<[u64; 2]>>(&client, Job::SeqLock(pair(0), steps.clone()))?;
        let mut value = pair(0);
        let mut expected = Vec::new();
        for step in steps {
            match step {
                Some(pair) => value = pair,
                None => expected.push(Some(value)),
            }
        }
        match (0..expected.len().max(given.len())).find(|read| expected.get(*read) != given.get(*read)) {
            None => Ok(()),
            Some(read) => Err(Fault::failed(format!(
                "On one thread, read {} of a seqlock gave {:?}; expected {:?}.",
                read + 1,
                given.get(read).copied().flatten(),
                expected.get(read).copied().flatten()
            ))),
        }
    });
}
