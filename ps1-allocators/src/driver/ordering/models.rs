//! Runs a ring or a seqlock under loom, and gathers what its interleavings came to.

use crate::protocol::ordering::{
    Order, Part, RingModel, RingOutcome, SeqLockModel, SeqLockOutcome, Site, Weakening,
};
use heap_api::ordering_sites::{self, Part as Asked};
use heap_api::sync::Arc;
use heap_api::sync::atomic::Ordering;
use loom::sync::atomic::AtomicUsize;
use ps1_allocators::ordering::{SeqLock, ring};
use std::collections::BTreeSet;
use std::sync::{Arc as StdArc, Mutex, PoisonError};

/// How often loom takes the turn from a thread that could go on. Its authors advise two or three: what goes
/// wrong, goes wrong with few, and without a bound a model of four operations takes seconds.
const PREEMPTIONS: usize = 3;

/// The outcomes of the interleavings, each once, in order, with one site weakened or none.
///
/// Loom begins with the thread that it is on, and does not find every order of two threads from there: a
/// thread that loads what it then stores hides the other's earlier loads. So the model runs twice, each of the
/// two threads being loom's own once, and before each operation a thread passes a [`Gate`].
fn outcomes<O: Ord + Clone + Send + 'static>(
    weakened: Option<Weakening>,
    interleaving: impl Fn(bool) -> O + Send + Sync + 'static,
) -> Vec<O> {
    ordering_sites::weaken(weakened.map(|weakened| (asked(weakened.site), weakened.order.map(ordering))));
    // The set lives outside the model: loom runs the closure once an interleaving.
    let seen = StdArc::new(Mutex::new(BTreeSet::new()));
    let interleaving = StdArc::new(interleaving);
    for swapped in [false, true] {
        let (gather, interleaving) = (seen.clone(), interleaving.clone());
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(PREEMPTIONS);
        builder.check(move || {
            let outcome = interleaving(swapped);
            gather.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
        });
    }
    ordering_sites::weaken(None);
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.iter().cloned().collect()
}

/// What both threads write to before each operation, so that loom has them begin in every order. Relaxed, and
/// a variable of its own, so it orders nothing else.
#[derive(Clone)]
struct Gate(Arc<AtomicUsize>);

impl Gate {
    fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(0)))
    }

    fn pass(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs one on a thread of its own and the other here.
fn beside<A: 'static, B: 'static>(
    swapped: bool,
    one: impl FnOnce() -> A + 'static,
    other: impl FnOnce() -> B + 'static,
) -> (A, B) {
    // A panic has ended the process already, by the hook.
    const ENDED: &str = "a thread of a model ends or takes the process with it";
    if swapped {
        let other = heap_api::thread::spawn(other);
        (one(), other.join().expect(ENDED))
    } else {
        let one = heap_api::thread::spawn(one);
        let other = other();
        (one.join().expect(ENDED), other)
    }
}

/// A producer and a consumer on one ring.
pub fn ring_outcomes(model: &RingModel, weakened: Option<Weakening>) -> Vec<RingOutcome> {
    let model = model.clone();
    outcomes(weakened, move |swapped| {
        let (mut producer, mut consumer) = ring(model.capacity as usize);
        for _ in 0..model.turns {
            let _ = (producer.push(0), consumer.pop());
        }
        let (pushes, pops, gate) = (model.pushes.clone(), model.pops, Gate::new());
        let gates = (gate.clone(), gate);
        // The ends come back from their threads: what dropping them orders, it orders after both.
        let push = move || {
            let push = |number| {
                gates.0.pass();
                producer.push(number).is_ok()
            };
            let accepted = pushes.into_iter().map(push).collect();
            (accepted, producer, gates.0)
        };
        let pop = move || {
            let pop = |_| {
                gates.1.pass();
                consumer.pop()
            };
            let popped = (0..pops).map(pop).collect();
            (popped, consumer, gates.1)
        };
        let ((accepted, _producer, _), (popped, mut consumer, _)) = beside(swapped, push, pop);
        let most = model.pushes.len() + 1;
        RingOutcome { accepted, popped, left: std::iter::from_fn(|| consumer.pop()).take(most).collect() }
    })
}

/// A writer and a reader on one seqlock.
pub fn seqlock_outcomes(model: &SeqLockModel, weakened: Option<Weakening>) -> Vec<SeqLockOutcome> {
    let model = model.clone();
    outcomes(weakened, move |swapped| {
        let lock = Arc::new(SeqLock::new(model.first));
        let (writes, reads, gate) = (model.writes.clone(), model.reads, Gate::new());
        let (to, from, gates) = (lock.clone(), lock.clone(), (gate.clone(), gate));
        let write = move || {
            for pair in writes {
                gates.0.pass();
                to.write(pair);
            }
            (to, gates.0)
        };
        let read = move || {
            let read = |_| {
                gates.1.pass();
                from.try_read()
            };
            ((0..reads).map(read).collect(), from, gates.1)
        };
        let (_, (reads, ..)) = beside(swapped, write, read);
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

/// The way back.
fn asked(site: Site) -> ordering_sites::Site {
    ordering_sites::Site {
        // A name a request: what is leaked is of no account.
        file: site.file.leak(),
        line: site.line,
        column: site.column,
        part: match site.part {
            Part::Load => Asked::Load,
            Part::Store => Asked::Store,
            Part::Update => Asked::Update,
            Part::FailedExchange => Asked::FailedExchange,
            Part::Fence => Asked::Fence,
        },
        ordering: ordering(site.order),
    }
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
