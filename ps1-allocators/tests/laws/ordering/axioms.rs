//! What a litmus test may come to, by axioms: no machine is run.
//!
//! An execution is a choice of two relations: which store each load reads from (*rf*), and in which order the
//! stores to each variable reach memory (*co*). A load comes before the stores that follow the one it reads
//! (*fr*). A model allows an execution if what it keeps in order, together with these, has no cycle; for TSO,
//! which lets a thread read its own store early, a second axiom has each variable alone behave as under SC
//! (J. Alglave, L. Maranget, M. Tautschnig, "Herding cats", TOPLAS 36(2), 2014).
//!
//! | model | keeps the program's order of | rf counts |
//! | --- | --- | --- |
//! | SC | everything | always |
//! | TSO | all pairs but a store and a later load; across a fence, all | between threads |
//! | relaxed | two operations on one variable; across a fence, all | always |

use crate::protocol::ordering::{Machine, Op};
use std::collections::BTreeSet;

/// An event: a store or a load, and where it stands.
#[derive(Clone, Copy)]
struct Event {
    thread: usize,
    /// Fences of its thread before it.
    fences: usize,
    variable: u8,
    /// What it stores; `None` for a load.
    stores: Option<u64>,
}

/// Edges from each event, as a bit set of events.
type Edges = Vec<u64>;

/// All outcomes of `threads` under `machine`, sorted, each once. For up to 64 stores and loads.
pub fn outcomes(threads: &[Vec<Op>], machine: Machine) -> Vec<Vec<u64>> {
    let events = events(threads);
    let loads: Vec<usize> = (0..events.len()).filter(|event| events[*event].stores.is_none()).collect();
    let (kept, per_variable) = (kept(&events, machine), kept(&events, Machine::Relaxed));
    let mut outcomes = BTreeSet::new();
    for coherence in coherences(&events) {
        // For each load, the place in its variable's order that it reads from: 0 is the initial value.
        let mut places = vec![0; loads.len()];
        loop {
            let execution =
                Execution { events: &events, coherence: &coherence, loads: &loads, places: &places };
            let allowed = execution.acyclic(&kept, machine != Machine::Tso)
                && (machine != Machine::Tso || execution.acyclic_by_variable(&per_variable));
            if allowed {
                outcomes.insert(execution.values());
            }
            let choices = |load: usize| coherence[usize::from(events[loads[load]].variable)].len() + 1;
            match (0..places.len()).find(|load| places[*load] + 1 < choices(*load)) {
                Some(next) => {
                    places[next] += 1;
                    places[..next].fill(0);
                }
                None => break,
            }
        }
    }
    outcomes.into_iter().collect()
}

fn events(threads: &[Vec<Op>]) -> Vec<Event> {
    let mut events = Vec::new();
    for (thread, ops) in threads.iter().enumerate() {
        let mut fences = 0;
        for op in ops {
            match *op {
                Op::Fence => fences += 1,
                Op::Store(variable, value) => {
                    events.push(Event { thread, fences, variable, stores: Some(value) });
                }
                Op::Load(variable) => events.push(Event { thread, fences, variable, stores: None }),
            }
        }
    }
    events
}

/// What the model keeps of the program's order.
fn kept(events: &[Event], machine: Machine) -> Edges {
    let keeps = |first: &Event, second: &Event| {
        first.fences != second.fences
            || match machine {
                Machine::Sc => true,
                Machine::Tso => first.stores.is_none() || second.stores.is_some(),
                Machine::Relaxed => first.variable == second.variable,
            }
    };
    let edges = |first: usize| {
        let later = (first + 1..events.len()).filter(|second| events[*second].thread == events[first].thread);
        later
            .filter(|second| keeps(&events[first], &events[*second]))
            .fold(0, |edges, second| edges | 1 << second)
    };
    (0..events.len()).map(edges).collect()
}

/// Every choice of an order for the stores of each variable.
fn coherences(events: &[Event]) -> Vec<Vec<Vec<usize>>> {
    let mut all = vec![vec![Vec::new(); 256]];
    for (index, event) in events.iter().enumerate().filter(|(_, event)| event.stores.is_some()) {
        let variable = usize::from(event.variable);
        let longer = |coherence: &Vec<Vec<usize>>| {
            let put_in = |place| {
                let mut longer = coherence.clone();
                longer[variable].insert(place, index);
                longer
            };
            (0..=coherence[variable].len()).map(put_in).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// One choice of both relations.
struct Execution<'e> {
    events: &'e [Event],
    /// For each variable, its stores in the order in which they reach memory.
    coherence: &'e [Vec<usize>],
    loads: &'e [usize],
    /// For each load, how many of its variable's stores have reached memory when it reads.
    places: &'e [usize],
}

impl Execution<'_> {
    /// The store that a load reads from; `None` is the initial value.
    fn source(&self, load: usize) -> Option<usize> {
        let order = &self.coherence[usize::from(self.events[self.loads[load]].variable)];
        self.places[load].checked_sub(1).map(|place| order[place])
    }

    fn values(&self) -> Vec<u64> {
        let value = |load| self.source(load).and_then(|store| self.events[store].stores).unwrap_or(0);
        (0..self.loads.len()).map(value).collect()
    }

    /// Whether `kept` with *rf*, *co* and *fr* has no cycle. A thread's reads from itself count if `own` says so.
    fn acyclic(&self, kept: &Edges, own: bool) -> bool {
        let mut edges = kept.clone();
        for order in self.coherence {
            for pair in order.windows(2) {
                edges[pair[0]] |= 1 << pair[1];
            }
        }
        for (load, &event) in self.loads.iter().enumerate() {
            let order = &self.coherence[usize::from(self.events[event].variable)];
            if let Some(next) = order.get(self.places[load]) {
                edges[event] |= 1 << next;
            }
            if let Some(store) = self.source(load)
                && (own || self.events[store].thread != self.events[event].thread)
            {
                edges[store] |= 1 << event;
            }
        }
        no_cycle(&edges)
    }

    /// Whether each variable alone behaves as under SC.
    fn acyclic_by_variable(&self, per_variable: &Edges) -> bool {
        let same = |event: usize, others: u64| {
            let variable = self.events[event].variable;
            (0..self.events.len())
                .filter(|other| others >> other & 1 == 1 && self.events[*other].variable == variable)
                .fold(0, |edges, other| edges | 1 << other)
        };
        let kept = per_variable.iter().enumerate().map(|(event, others)| same(event, *others)).collect();
        self.acyclic(&kept, true)
    }
}

/// Whether events can be taken away, one by one, such that none is left: each when no edge leads to it.
fn no_cycle(edges: &[u64]) -> bool {
    let mut left: u64 = edges.iter().enumerate().fold(0, |left, (event, _)| left | 1 << event);
    loop {
        let reached =
            (0..edges.len()).filter(|event| left >> event & 1 == 1).fold(0, |all, event| all | edges[event]);
        let next = left & reached;
        if next == left {
            return left == 0;
        }
        left = next;
    }
}
