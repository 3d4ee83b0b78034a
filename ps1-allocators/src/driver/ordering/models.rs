//! Runs a ring or a seqlock under loom, and gathers what its interleavings came to.

use crate::protocol::ordering::{
    Order, Part, RingModel, RingOutcome, SeqLockModel, SeqLockOutcome, Site, Weakening,
};
use heap_api::ordering_sites::{self, Part as Asked};
use heap_api::sync::Arc;
use heap_api::sync::atomic::Ordering;
use ps1_allocators::ordering::{SeqLock, ring};
use std::collections::BTreeSet;
use std::sync::{Arc as StdArc, Mutex, PoisonError};

/// The outcomes of all interleavings, each once, in order, with one site weakened or none.
fn outcomes<O: Ord + Clone + Send + 'static>(
    weakened: Option<Weakening>,
    interleaving: impl Fn() -> O + Send + Sync + 'static,
) -> Vec<O> {
    ordering_sites::weaken(weakened.and_then(|weakened| {
        let site = ordering_sites::met().get(weakened.site as usize).copied()?;
        Some((site, weakened.order.map(ordering)))
    }));
    // The set lives outside the model: loom runs the closure once an interleaving.
    let seen = StdArc::new(Mutex::new(BTreeSet::new()));
    let gather = seen.clone();
    loom::model(move || {
        let outcome = interleaving();
        gather.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    });
    ordering_sites::weaken(None);
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.iter().cloned().collect()
}

/// A producer and a consumer on one ring.
pub fn ring_outcomes(model: &RingModel, weakened: Option<Weakening>) -> Vec<RingOutcome> {
    let model = model.clone();
    outcomes(weakened, move || {
        let (mut producer, mut consumer) = ring(model.capacity as usize);
        for _ in 0..model.turns {
            let _ = (producer.push(0), consumer.pop());
        }
        let pushes = model.pushes.clone();
        // The ends come back from their threads, so that what dropping them orders, it orders afterwards.
        let pushing = heap_api::thread::spawn(move || {
            let accepted: Vec<bool> =
                pushes.into_iter().map(|number| producer.push(number).is_ok()).collect();
            (accepted, producer)
        });
        let popped = (0..model.pops).map(|_| consumer.pop()).collect();
        // A panic has ended the process already, by the hook.
        let pushed = pushing.join().ok();
        let most = model.pushes.len() + 1;
        let left = std::iter::from_fn(|| consumer.pop()).take(most).collect();
        RingOutcome { accepted: pushed.map(|(accepted, _)| accepted).unwrap_or_default(), popped, left }
    })
}

/// A writer and some readers on one seqlock. The last reader is the thread that the model begins on.
pub fn seqlock_outcomes(model: &SeqLockModel, weakened: Option<Weakening>) -> Vec<SeqLockOutcome> {
    let model = model.clone();
    outcomes(weakened, move || {
        let lock = Arc::new(SeqLock::new(model.first));
        let (to, writes) = (lock.clone(), model.writes.clone());
        let writer = heap_api::thread::spawn(move || {
            writes.into_iter().for_each(|pair| to.write(pair));
            to
        });
        let (mine, others) = model.readers.split_last().unwrap_or((&0, &[]));
        let readers: Vec<_> = others
            .iter()
            .map(|&times| {
                let from = lock.clone();
                heap_api::thread::spawn(move || ((0..times).map(|_| from.try_read()).collect(), from))
            })
            .collect();
        let own: Vec<_> = (0..*mine).map(|_| lock.try_read()).collect();
        let ends: Vec<_> = readers.into_iter().filter_map(|reader| reader.join().ok()).collect();
        let mut reads: Vec<Vec<_>> = ends.iter().map(|(reads, _): &(Vec<_>, _)| reads.clone()).collect();
        reads.push(own);
        let _ = writer.join();
        SeqLockOutcome { reads, last: lock.try_read() }
    })
}

/// The places that have asked for an ordering so far.
pub fn sites() -> Vec<Site> {
    let site = |site: &ordering_sites::Site| Site {
        file: site.file.to_owned(),
        line: site.line,
        column: site.column,
        part: match site.part {
            Asked::Load => Part::Load,
            Asked::Store => Part::Store,
            Asked::Update => Part::Update,
            Asked::FailedExchange => Part::FailedExchange,
            Asked::Fence => Part::Fence,
        },
        order: order(site.ordering),
    };
    ordering_sites::met().iter().map(site).collect()
}

fn ordering(order: Order) -> Ordering {
    match order {
        Order::Relaxed => Ordering::Relaxed,
        Order::Release => Ordering::Release,
        Order::Acquire => Ordering::Acquire,
        Order::AcqRel => Ordering::AcqRel,
        Order::SeqCst => Ordering::SeqCst,
    }
}

fn order(ordering: Ordering) -> Order {
    match ordering {
        Ordering::Relaxed => Order::Relaxed,
        Ordering::Release => Order::Release,
        Ordering::Acquire => Order::Acquire,
        Ordering::AcqRel => Order::AcqRel,
        _ => Order::SeqCst,
    }
}
