//! Runs a ring or a seqlock under loom, and gathers what its interleavings came to.

use crate::protocol::ordering::{
    Operation, Order, Part, RingModel, RingOutcome, SeqLockModel, SeqLockOutcome, Site, Weakening,
};
use heap_api::ordering_sites::{self, Forged, Part as Asked};
use heap_api::sync::Arc;
use heap_api::sync::atomic::Ordering;
use loom::cell::UnsafeCell;
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
            ordering_sites::begin();
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

    /// The calling thread begins an operation.
    fn pass(&self, operation: Operation) {
        ordering_sites::operation(match operation {
            Operation::In => IN,
            Operation::Out => OUT,
        });
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// What operations are called among sites, and what none that is weighed is called.
const IN: u8 = 1;
const OUT: u8 = 2;
const NEITHER: u8 = 0;

/// What one thread has done and the other has to have seen done: a cell for each thing, without bytes. Loom tells two
/// threads that touch one unordered, wherever the student's own code keeps what it passes on.
#[derive(Clone)]
struct Deeds(Arc<Cells>);

struct Cells(Vec<UnsafeCell<()>>);

// SAFETY: the cells hold nothing that could be read or written at once.
unsafe impl Send for Cells {}
// SAFETY: as above.
unsafe impl Sync for Cells {}

impl Deeds {
    fn new(count: usize) -> Self {
        Self(Arc::new(Cells((0..count).map(|_| UnsafeCell::new(())).collect())))
    }

    /// The calling thread does one, which may take it several attempts.
    fn does(&self, deed: usize) {
        if let Some(cell) = self.0.0.get(deed) {
            cell.with_mut(drop);
        }
    }

    /// The calling thread relies on one.
    fn relies_on(&self, deed: usize) {
        if let Some(cell) = self.0.0.get(deed) {
            cell.with(drop);
        }
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
        let (capacity, gates) = (model.capacity as usize, (gate.clone(), gate));
        // Value `n` is written before push `n`, and its slot emptied by pop `n`, whichever attempt succeeds.
        let (written, emptied) = (Deeds::new(pushes.len()), Deeds::new(pops as usize));
        let deeds = (written.clone(), emptied.clone());
        // The ends come back from their threads: what dropping them orders, it orders after both.
        let push = move || {
            let mut count = 0;
            let push = |number| {
                written.does(count);
                gates.0.pass(Operation::In);
                let accepted = producer.push(number).is_ok();
                if let Some(before) = count.checked_sub(capacity).filter(|_| accepted) {
                    emptied.relies_on(before);
                }
                count += usize::from(accepted);
                accepted
            };
            let accepted = pushes.into_iter().map(push).collect();
            ordering_sites::operation(NEITHER);
            (accepted, producer, gates.0)
        };
        let pop = move || {
            let (written, emptied) = deeds;
            let mut count = 0;
            let pop = |_| {
                emptied.does(count);
                gates.1.pass(Operation::Out);
                let popped = consumer.pop();
                if popped.is_some() {
                    written.relies_on(count);
                    count += 1;
                }
                popped
            };
            let popped = (0..pops).map(pop).collect();
            ordering_sites::operation(NEITHER);
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
    // What a write reads of its own stores is its own affair.
    let forged = |(number, given)| Forged { number, given, but_in: IN };
    ordering_sites::forge(model.forged.map(forged));
    let seen = outcomes(weakened, move |swapped| {
        let lock = Arc::new(SeqLock::new(model.first));
        let (writes, reads, gate) = (model.writes.clone(), model.reads, Gate::new());
        let (to, from, gates) = (lock.clone(), lock.clone(), (gate.clone(), gate));
        // Whoever reads a pair has seen all that was done before it was written.
        let (written, values) = (Deeds::new(writes.len()), model.values().split_off(1));
        let seen = written.clone();
        let write = move || {
            for (count, pair) in writes.into_iter().enumerate() {
                written.does(count);
                gates.0.pass(Operation::In);
                to.write(pair);
            }
            ordering_sites::operation(NEITHER);
            (to, gates.0)
        };
        let read = move || {
            let read = |_| {
                gates.1.pass(Operation::Out);
                let pair = from.try_read();
                if let Some(count) = values.iter().position(|value| Some(*value) == pair) {
                    seen.relies_on(count);
                }
                pair
            };
            let reads = (0..reads).map(read).collect();
            ordering_sites::operation(NEITHER);
            (reads, from, gates.1)
        };
        let (_, (reads, ..)) = beside(swapped, write, read);
        SeqLockOutcome { reads, last: lock.try_read() }
    });
    ordering_sites::forge(None);
    seen
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
        operation: if site.operation == IN { Operation::In } else { Operation::Out },
        before: site.before,
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
        operation: match site.operation {
            Operation::In => IN,
            Operation::Out => OUT,
        },
        before: site.before,
    }
}

const _: () = assert!(Site::OFTEN == ordering_sites::OFTEN);

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
