//! What the extra credit on memory ordering owes on one thread, from replies alone. The laws of its models
//! stand in [`models`], and what a litmus test may come to in [`axioms`].

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::ordering::{Came, Job, Machine, Op, Step};
use serde::de::DeserializeOwned;
use std::collections::{BTreeSet, VecDeque};
use testkit::client::{Build, Client};
use testkit::{Check, Fault, Judged};

#[path = "ordering/axioms.rs"]
pub mod axioms;
#[path = "ordering/models.rs"]
pub mod models;

/// The three machines.
pub const MACHINES: [Machine; 3] = [Machine::Sc, Machine::Tso, Machine::Relaxed];

/// Stores a value.
pub const fn store(variable: u8, value: u64) -> Op {
    Op::Store(variable, value)
}

/// Loads into the next register.
pub const fn load(variable: u8) -> Op {
    Op::Load(variable)
}

/// A fence.
pub const FENCE: Op = Op::Fence;

/// A line to the driver for everything but models.
pub fn plain(check: &Check) -> Judged<Client<'_>> {
    Client::new(check, &HOME, Build::Plain)
}

/// Asks for all replies to a job.
pub fn ask<R: DeserializeOwned>(client: &Client<'_>, job: Job) -> Judged<Vec<R>> {
    client.ask(&Request::Ordering(job)).map(|transcript| transcript.replies).map_err(|(fault, _)| fault)
}

/// Asks for the one reply to a job.
pub fn ask_one<R: DeserializeOwned>(client: &Client<'_>, job: Job) -> Judged<R> {
    let mut replies = ask(client, job)?;
    match (replies.pop(), replies.is_empty()) {
        (Some(reply), true) => Ok(reply),
        _ => Err(Fault::failed("The driver did not give the one reply that there is to its request.")),
    }
}

/// Enumerates `threads` under each machine, and holds the answers against what the axioms allow.
pub fn litmus(client: &Client<'_>, threads: &[Vec<Op>]) -> Judged {
    for machine in MACHINES {
        let given = ask_one::<Vec<Vec<u64>>>(client, Job::Litmus(threads.to_vec(), machine))?;
        same_outcomes(threads, machine, &axioms::outcomes(threads, machine), &given)?;
    }
    Ok(())
}

/// Compares an answer with what is expected, and tells what is missing, too much, or in another place.
pub fn same_outcomes(
    threads: &[Vec<Op>],
    machine: Machine,
    expected: &[Vec<u64>],
    given: &[Vec<u64>],
) -> Judged {
    if expected == given {
        return Ok(());
    }
    let (all, told): (BTreeSet<_>, BTreeSet<_>) = (expected.iter().collect(), given.iter().collect());
    let what = match (all.difference(&told).next(), told.difference(&all).next()) {
        (Some(missing), _) => format!("{missing:?} is possible, and is missing"),
        (_, Some(surplus)) => format!("{surplus:?} is not possible, and is there"),
        _ => format!("they are to be sorted, each once, and are {given:?}"),
    };
    let message = format!(
        "Of the outcomes of\n\n{}under {machine:?}: {what}. Expected {} outcomes, seen {}.",
        listing(threads),
        expected.len(),
        given.len()
    );
    Err(Fault::failed(message).map(|failure| failure.program = Some(litmus_source(threads))))
}

/// A litmus test as books print it, a thread a line.
fn listing(threads: &[Vec<Op>]) -> String {
    let mut register = 0;
    let mut spell = |op: &Op| match op {
        Op::Store(variable, value) => format!("v{variable} = {value}"),
        Op::Load(variable) => {
            register += 1;
            format!("r{} = v{variable}", register - 1)
        }
        Op::Fence => "fence".to_owned(),
    };
    let line = |(thread, ops): (usize, &Vec<Op>)| {
        let ops: Vec<_> = ops.iter().map(&mut spell).collect();
        format!("    P{thread}: {}\n", ops.join("; "))
    };
    threads.iter().enumerate().map(line).collect()
}

fn litmus_source(threads: &[Vec<Op>]) -> String {
    let spell = |op: &Op| match op {
        Op::Store(variable, value) => format!("store({variable}, {value})"),
        Op::Load(variable) => format!("load({variable})"),
        Op::Fence => "FENCE".to_owned(),
    };
    let line = |ops: &Vec<Op>| {
        let ops: Vec<_> = ops.iter().map(spell).collect();
        format!("vec![{}]", ops.join(", "))
    };
    let threads: Vec<_> = threads.iter().map(line).collect();
    source(&format!("litmus(&plain(check)?, &[{}])", threads.join(", ")))
}

/// A call as a test for `yours.rs`.
fn source(call: &str) -> String {
    format!(
        "// paste into tests/public/ordering/yours.rs\n#[test]\nfn shortest_failing_program() {{\n    \
         judge(|check| {call});\n}}\n"
    )
}

/// Carries out `steps` on a ring of `capacity`, and holds what comes against a queue.
pub fn ring(client: &Client<'_>, capacity: u32, steps: &[Step]) -> Judged {
    let given = ask::<Came>(client, Job::Ring(capacity, steps.to_vec()))?;
    let mut queue = VecDeque::new();
    let mut expected: Vec<_> = steps
        .iter()
        .map(|step| match *step {
            Step::Push(number) if queue.len() == capacity as usize => Came::Full(number),
            Step::Push(number) => {
                queue.push_back(number);
                Came::Pushed
            }
            Step::Pop => queue.pop_front().map_or(Came::Empty, Came::Popped),
        })
        .collect();
    let mut left: Vec<_> = queue.into();
    left.sort_unstable();
    expected.push(Came::Left(left));
    let Some(at) = (0..expected.len().max(given.len())).find(|at| expected.get(*at) != given.get(*at)) else {
        return Ok(());
    };
    let did = match steps.get(at) {
        Some(step) => format!("step {}, {step:?},", at + 1),
        None => "dropping both ends".to_owned(),
    };
    let nothing = || "nothing".to_owned();
    let message = format!(
        "With a ring of {capacity}, {did} came to {}; expected {}.",
        given.get(at).map_or_else(nothing, |came| format!("{came:?}")),
        expected.get(at).map_or_else(nothing, |came| format!("{came:?}")),
    );
    let spell = |step: &Step| match step {
        Step::Push(number) => format!("Step::Push({number})"),
        Step::Pop => "Step::Pop".to_owned(),
    };
    let steps: Vec<_> = steps.iter().map(spell).collect();
    let program = source(&format!("ring(&plain(check)?, {capacity}, &[{}])", steps.join(", ")));
    Err(Fault::failed(message).map(|failure| failure.program = Some(program)))
}
