//! Runs models of `FreeStack` and `SharedPool` under loom, and gathers what their interleavings came to.

use super::value::{Filled, Value, drops, open};
use crate::protocol::pool::{BoxModel, BoxOutcome, BoxStep, StackModel, StackOutcome, StackStep};
use driverkit::payload::{expected, key};
use heap_api::sync::{Arc, UnsafeCell};
use heap_api::thread;
use ps1_allocators::pool::{FreeStack, PoolBox, SharedPool};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc as StdArc, Mutex, PoisonError};

/// How often a thread that could go on is interrupted, at most. Mistakes of this kind need two, and without a
/// bound the interleavings of two threads at one head are too many to go through.
const PREEMPTIONS: usize = 3;

/// The outcomes of all interleavings, each once, in order.
fn outcomes<O: Ord + Clone + Send + 'static>(interleaving: impl Fn() -> O + Send + Sync + 'static) -> Vec<O> {
    // The set lives outside the model: loom runs the closure once an interleaving.
    let seen = StdArc::new(Mutex::new(BTreeSet::new()));
    let gather = seen.clone();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(move || {
        let outcome = interleaving();
        gather.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    });
    seen.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

/// Cells whose accesses loom watches: two that no push and pop ordered fail the model.
struct Marks(Vec<UnsafeCell<u64>>);

// SAFETY: loom ends the process before two threads touch a cell unordered.
unsafe impl Sync for Marks {}
// SAFETY: as above.
unsafe impl Send for Marks {}

impl Marks {
    fn new(count: u32) -> Self {
        Self((0..count).map(|_| UnsafeCell::new(0)).collect())
    }

    fn write(&self, at: usize, mark: u64) {
        if let Some(cell) = self.0.get(at) {
            // SAFETY: as for `Sync`.
            cell.with_mut(|cell| unsafe { *cell = mark });
        }
    }

    fn read(&self, at: usize) -> Option<u64> {
        // SAFETY: as for `Sync`.
        self.0.get(at).map(|cell| cell.with(|cell| unsafe { *cell }))
    }
}

/// Models a `FreeStack`.
pub fn stack(model: &StackModel) -> Vec<StackOutcome> {
    let model = model.clone();
    outcomes(move || {
        let shared = Arc::new((FreeStack::new(model.capacity), Marks::new(model.capacity)));
        let threads: Vec<_> = (1_u64..)
            .zip(&model.threads)
            .map(|(mark, steps)| {
                let (shared, steps) = (shared.clone(), steps.clone());
                thread::spawn(move || walk_through(&shared, mark, &steps))
            })
            .collect();
        let mut outcome = StackOutcome { served: Vec::new(), torn: false, all: Vec::new() };
        for (served, torn, held) in threads.into_iter().filter_map(|thread| thread.join().ok()) {
            outcome.served.push(served);
            outcome.torn |= torn;
            outcome.all.extend(held);
        }
        // A list that was tied into a ring gives indices for ever.
        outcome.all.extend((0..=model.capacity).map_while(|_| shared.0.pop()));
        outcome.all.sort_unstable();
        outcome
    })
}

/// One thread: what was served, whether a mark was another's, and what it holds at its end.
fn walk_through(
    shared: &(FreeStack, Marks),
    mark: u64,
    steps: &[StackStep],
) -> (Vec<bool>, bool, VecDeque<u32>) {
    let (stack, marks) = shared;
    let (mut served, mut torn, mut held) = (Vec::new(), false, VecDeque::new());
    for step in steps {
        match step {
            StackStep::Pop => {
                let index = stack.pop();
                served.push(index.is_some());
                if let Some(index) = index {
                    marks.write(index as usize, mark);
                    held.push_back(index);
                }
            }
            StackStep::Push => {
                if let Some(index) = held.pop_front() {
                    torn |= marks.read(index as usize) != Some(mark);
                    stack.push(index);
                }
            }
        }
    }
    (served, torn, held)
}

/// What is in the pool: a value, and marks at the places where values lie.
struct Placed {
    value: Small,
    places: StdArc<Places>,
}

type Small = Filled<12, u64>;

/// The places that values have been seen at, and a mark for each.
struct Places {
    addresses: Mutex<Vec<usize>>,
    marks: Marks,
}

impl Places {
    /// Marks the place at `address`. One that no value was seen at, on a thread's stack, is nobody's concern.
    fn mark(&self, address: usize, new: bool) {
        let place = {
            let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
            let place = addresses.iter().position(|known| *known == address);
            if new && place.is_none() {
                addresses.push(address);
            }
            place.or(new.then(|| addresses.len() - 1))
        };
        if let Some(place) = place {
            self.marks.write(place, 1);
        }
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.places.mark((&raw const *self).addr(), false);
    }
}

type Shelf = SharedPool<Placed>;

/// Models a `SharedPool`.
pub fn boxes(model: &BoxModel) -> Vec<BoxOutcome> {
    let model = model.clone();
    outcomes(move || {
        open(SEED);
        let places = Places { addresses: Mutex::default(), marks: Marks::new(2 * model.capacity) };
        let places = StdArc::new(places);
        let pool: *mut Shelf = Box::into_raw(Box::new(SharedPool::new(model.capacity)));
        // SAFETY: the pool is given back below, when all threads have ended and all boxes are dropped.
        let shared: &'static Shelf = unsafe { &*pool };
        let mut ids = 0..;
        let given: Vec<Hand> = model
            .given
            .iter()
            .map(|count| {
                let mut hand = Hand::new(places.clone());
                for id in ids.by_ref().take(*count as usize) {
                    hand.insert(shared, id);
                }
                hand
            })
            .collect();
        let threads: Vec<_> = given
            .into_iter()
            .zip(&model.threads)
            .map(|(mut hand, steps)| {
                let mut id = |step| if step == BoxStep::Insert { ids.next() } else { None };
                let steps: Vec<_> = steps.iter().map(|step| (*step, id(*step).unwrap_or(0))).collect();
                hand.served.clear();
                thread::spawn(move || {
                    for (step, id) in steps {
                        hand.act(shared, step, id);
                    }
                    (std::mem::take(&mut hand.served), hand.torn)
                })
            })
            .collect();
        let mut outcome = BoxOutcome { served: Vec::new(), torn: false, drops: Vec::new(), free_at_end: 0 };
        for (served, torn) in threads.into_iter().filter_map(|thread| thread.join().ok()) {
            outcome.served.push(served);
            outcome.torn |= torn;
        }
        let mut hand = Hand::new(places);
        while outcome.free_at_end <= model.capacity && hand.insert(shared, ids.next().unwrap_or(0)) {
            outcome.free_at_end += 1;
        }
        drop(hand);
        // SAFETY: it came from a box; the threads that borrowed it have ended, and their boxes are dropped.
        drop(unsafe { Box::from_raw(pool) });
        let (drops, strays) = drops();
        outcome.torn |= strays > 0;
        let most = drops.iter().copied().max().unwrap_or(0);
        let count = |times| drops.iter().filter(|drops| **drops == times).count() as u32;
        outcome.drops = (0..=most).map(count).collect();
        outcome
    })
}

/// What payloads come from. Which it is matters to nobody: a model replies with no digest.
const SEED: u64 = 1;

/// A thread's boxes, with the ids of their values.
struct Hand {
    boxes: VecDeque<(u32, PoolBox<'static, Placed>)>,
    places: StdArc<Places>,
    served: Vec<bool>,
    torn: bool,
}

impl Hand {
    fn new(places: StdArc<Places>) -> Self {
        Self { boxes: VecDeque::new(), places, served: Vec::new(), torn: false }
    }

    fn act(&mut self, pool: &'static Shelf, step: BoxStep, id: u32) {
        if step == BoxStep::Insert {
            self.insert(pool, id);
            return;
        }
        let Some((id, boxed)) = self.boxes.pop_front() else { return };
        self.places.mark((&raw const *boxed).addr(), false);
        self.look(id, &boxed.value);
        if step == BoxStep::Take {
            let value = PoolBox::take(boxed);
            self.look(id, &value.value);
        }
    }

    fn insert(&mut self, pool: &'static Shelf, id: u32) -> bool {
        let value = Placed { value: Small::new(id), places: self.places.clone() };
        let boxed = pool.insert(value).ok();
        self.served.push(boxed.is_some());
        if let Some(boxed) = &boxed {
            self.places.mark((&raw const **boxed).addr(), true);
            self.look(id, &boxed.value);
        }
        let served = boxed.is_some();
        self.boxes.extend(boxed.map(|boxed| (id, boxed)));
        served
    }

    fn look(&mut self, id: u32, value: &Small) {
        let held = value.held();
        self.torn |= held.digest != expected(12, key(SEED, id)) || held.drops > 0;
    }
}
