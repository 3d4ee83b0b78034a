//! Single behaviours, one a check.

use super::laws::axioms::outcomes;
use super::laws::{FENCE, ask_one, litmus, load, plain, ring, store};
use crate::protocol::ordering::{Job, Machine, Op, Step, number};
use testkit::{Fault, judge};

const X: u8 = 0;
const Y: u8 = 1;
const Z: u8 = 2;

/// Threads, the outcome that the test is about, and where it may be seen: under SC, TSO, relaxed.
type Named = (Vec<Vec<Op>>, &'static [u64], [bool; 3]);

/// Tests of the literature with three threads, or with a fence in one of two.
fn tests() -> Vec<Named> {
    let (sx, sy) = (store(X, 1), store(Y, 1));
    let (lx, ly) = (load(X), load(Y));
    vec![
        // WRC, also with a fence in the reader only.
        (vec![vec![sx], vec![lx, sy], vec![ly, lx]], &[1, 1, 0], [false, false, true]),
        (vec![vec![sx], vec![lx, FENCE, sy], vec![ly, FENCE, lx]], &[1, 1, 0], [false, false, false]),
        // RWC: the only one of the threads with a store and a load decides.
        (vec![vec![sx], vec![lx, ly], vec![sy, lx]], &[1, 0, 0], [false, true, true]),
        (vec![vec![sx], vec![lx, ly], vec![sy, FENCE, lx]], &[1, 0, 0], [false, false, true]),
        // SB with one fence, which is not enough.
        (vec![vec![sx, FENCE, ly], vec![sy, lx]], &[0, 0], [false, true, true]),
        // MP with a fence in the writer only, and in the reader only.
        (vec![vec![sx, FENCE, sy], vec![ly, lx]], &[1, 0], [false, false, true]),
        (vec![vec![sx, sy], vec![ly, FENCE, lx]], &[1, 0], [false, false, true]),
        // IRIW with one reader fenced.
        (vec![vec![sx], vec![sy], vec![lx, FENCE, ly], vec![ly, lx]], &[1, 0, 1, 0], [false, false, true]),
        // CoRR: one variable is never seen to go back.
        (vec![vec![sx, store(X, 2)], vec![lx, lx]], &[2, 1], [false, false, false]),
        // ISA2.
        (vec![vec![sx, sy], vec![ly, store(Z, 1)], vec![load(Z), lx]], &[1, 1, 0], [false, false, true]),
        // A ring of three stores and loads.
        (vec![vec![sx, ly], vec![sy, load(Z)], vec![store(Z, 1), lx]], &[0, 0, 0], [false, true, true]),
    ]
}

#[test]
fn tests_with_more_threads_and_with_single_fences_have_their_outcomes() {
    judge(|check| {
        let client = plain(check)?;
        for (threads, outcome, allowed) in tests() {
            for (machine, allowed) in [Machine::Sc, Machine::Tso, Machine::Relaxed].into_iter().zip(allowed) {
                if outcomes(&threads, machine).iter().any(|other| other == outcome) != allowed {
                    return Err(Fault::Broke(format!(
                        "the axioms disagree with the literature on {threads:?}"
                    )));
                }
            }
            litmus(&client, &threads)?;
        }
        Ok(())
    });
}

#[test]
fn values_and_variables_may_be_any_and_threads_may_be_empty() {
    judge(|check| {
        let client = plain(check)?;
        for machine in [Machine::Sc, Machine::Tso, Machine::Relaxed] {
            let given = ask_one::<Vec<Vec<u64>>>(&client, Job::Litmus(Vec::new(), machine))?;
            if given != [Vec::<u64>::new()] {
                return Err(Fault::failed(format!(
                    "No thread at all has one outcome, without registers. Seen: {given:?}."
                )));
            }
        }
        litmus(&client, &[vec![], vec![FENCE, FENCE]])?;
        litmus(
            &client,
            &[vec![], vec![store(255, u64::MAX), load(254)], vec![], vec![store(254, 7), load(255)]],
        )?;
        // Two ways to one outcome, which is told once; and ten sorts before nine only as text.
        litmus(&client, &[vec![store(X, 9)], vec![store(X, 9)], vec![load(X), load(X)]])?;
        litmus(&client, &[vec![store(X, 10)], vec![store(X, 9)], vec![load(X), load(X)]])?;
        // A stored zero is no store for what can be told.
        litmus(&client, &[vec![store(X, 0), load(Y)], vec![store(Y, 0), load(X)]])
    });
}

#[test]
fn a_ring_of_one_slot_and_a_ring_with_a_long_life_stay_in_order() {
    judge(|check| {
        let client = plain(check)?;
        for capacity in [1, 16] {
            let push = |place| Step::Push(number(check.seed(), place));
            let mut steps = Vec::new();
            for place in 0..1000 {
                steps.extend([push(2 * place), push(2 * place + 1), Step::Pop]);
                if place % 7 == 0 {
                    steps.extend([Step::Pop; 3]);
                }
            }
            ring(&client, capacity, &steps)?;
        }
        Ok(())
    });
}
