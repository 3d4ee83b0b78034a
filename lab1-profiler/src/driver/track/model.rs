//! Runs a model under loom and gathers what its interleavings came to.

use super::hand::{Hand, Table};
use super::recycling::Recycling;
use crate::protocol::track::{Model, Outcome, Step};
use heap_api::sync::Arc;
use heap_api::thread;
use std::collections::BTreeSet;
use std::sync::{Arc as StdArc, Mutex, PoisonError};

/// How often a thread that could go on is interrupted, at most. Mistakes of this kind need one or two.
const PREEMPTIONS: usize = 3;

/// The outcomes of all interleavings, each once, in order.
pub fn outcomes(model: &Model) -> Vec<Outcome> {
    // The set lives outside the model: loom runs the closure once an interleaving.
    let seen = StdArc::new(Mutex::new(BTreeSet::new()));
    let (gather, model) = (seen.clone(), model.clone());
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(move || {
        let outcome = interleaving(&model);
        gather.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    });
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.iter().cloned().collect()
}

fn interleaving(model: &Model) -> Outcome {
    let table = Arc::new(Table::new(Recycling::new(model.addresses.iter().copied())));
    let mut sites = 1..;
    let mut site = || sites.next().unwrap_or(0);
    let hands: Vec<Hand> = model
        .given
        .iter()
        .map(|sizes| {
            let mut hand = Hand::default();
            sizes.iter().for_each(|size| hand.malloc(&table, *size, site()));
            hand
        })
        .collect();
    let threads: Vec<_> = hands
        .into_iter()
        .zip(&model.threads)
        .map(|(mut hand, steps)| {
            let steps: Vec<(Step, u32)> = steps.iter().map(|step| (*step, site())).collect();
            let table = table.clone();
            thread::spawn(move || {
                for (step, site) in steps {
                    match step {
                        Step::Malloc(size) => hand.malloc(&table, size, site),
                        Step::Free => hand.free(&table),
                        Step::Realloc(size, fate) => hand.realloc(&table, size, fate, site),
                    }
                }
                hand
            })
        })
        .collect();
    let hands: Vec<Hand> = threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
    table.outcome(hands)
}
