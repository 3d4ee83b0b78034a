//! What exercise L1.3 owes, from replies alone.
//!
//! What is known of sites and sizes is exact, and [`model`] computes it again. What a sampler chooses is random:
//! [`sampling`] bounds how far its figures may lie from what they must be on average.

#[path = "patterns/choices.rs"]
pub mod choices;
#[path = "patterns/model.rs"]
pub mod model;
#[path = "patterns/sampling.rs"]
pub mod sampling;
#[path = "patterns/timing.rs"]
pub mod timing;

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::patterns::{Event, Histograms, Job, Profiles, Program, Step, Told};
use driverkit::replies::STEPPED;
use model::Thread;
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use testkit::client::{Build, Client};
use testkit::{Check, Fault, Judged};

/// A block at an address was allocated, so many bytes, by a site.
pub const fn allocated(block: u64, size: u64, site: u32) -> Step {
    on(0, Event::Allocated(block, size, site))
}

/// A block moved from one address to another, and has so many bytes now.
pub const fn moved(from: u64, to: u64, new_size: u64) -> Step {
    on(0, Event::Moved(from, to, new_size))
}

/// The block at an address was freed.
pub const fn freed(block: u64) -> Step {
    on(0, Event::Freed(block))
}

/// An event on a thread, which has `Patterns` of its own.
pub const fn on(thread: u8, event: Event) -> Step {
    Step { thread, event }
}

/// A line to the driver.
pub fn client(check: &Check) -> Judged<Client<'_>> {
    Client::new(check, &HOME, Build::Plain)
}

/// Asks, and gives the replies.
pub fn ask<R: DeserializeOwned>(client: &Client<'_>, job: Job) -> Judged<Vec<R>> {
    let answer = client.ask::<_, R>(&Request::Patterns(job));
    answer.map(|transcript| transcript.replies).map_err(|(fault, _)| fault)
}

/// Asks for one reply.
pub fn ask_one<R: DeserializeOwned>(client: &Client<'_>, job: Job) -> Judged<R> {
    ask(client, job)?.pop().ok_or_else(|| Fault::failed("The driver gave no reply."))
}

/// Lets events happen, and holds what is known after each against the model.
pub fn follow(check: &Check, steps: impl Into<Vec<Step>>) -> Judged {
    hold(&client(check)?, steps.into())
}

/// As [`follow`], on a line that is there already.
///
/// It asks about every site that the steps name, and one that they do not. After more than [`STEPPED`] events it
/// asks at the end only.
pub fn hold(client: &Client<'_>, steps: Vec<Step>) -> Judged {
    let mut sites: BTreeSet<u32> = steps.iter().filter_map(|step| site(step.event)).collect();
    sites.extend((0..).find(|site| !sites.contains(site)));
    let threads = steps.iter().map(|step| step.thread + 1).max().unwrap_or(1);
    let program = Program { threads, sites: sites.into_iter().collect(), steps };
    let (replies, fault) = match client.ask::<_, Profiles>(&Request::Patterns(Job::Follow(program.clone()))) {
        Ok(transcript) => (transcript.replies, None),
        Err((fault, replies)) => (replies, Some(fault)),
    };
    judge(&program, &replies, fault).map_err(|fault| with_source(fault, &program))
}

fn judge(program: &Program, replies: &[Profiles], fault: Option<Fault>) -> Judged {
    let Program { threads, sites, steps } = program;
    let long = steps.len() > STEPPED;
    let mut model: Vec<Thread> = (0..*threads).map(|_| Thread::default()).collect();
    let mut replies = replies.iter();
    for (index, step) in steps.iter().enumerate() {
        model[step.thread as usize].observe(step.event);
        if long && index + 1 < steps.len() {
            continue;
        }
        let place = match long {
            true => format!("After {} events", steps.len()),
            false => format!("After event {}, `{}`", index + 1, spell(step)),
        };
        let Some(reply) = replies.next() else {
            let fault = fault.unwrap_or_else(|| Fault::failed("the driver gave no reply"));
            return Err(fault.map(|failure| failure.message.insert_str(0, &format!("{place}: "))));
        };
        for (number, (thread, known)) in model.iter().zip(reply).enumerate() {
            let whose = if *threads > 1 { format!(" on thread {number}") } else { String::new() };
            for (site, known) in sites.iter().zip(known) {
                if let Some(why) = model::differs(&thread.expected(*site), known) {
                    return Err(Fault::failed(format!("{place}: of site {site}{whose}, {why}.")));
                }
            }
        }
        if reply.len() != model.len() || reply.iter().any(|known| known.len() != sites.len()) {
            return Err(Fault::failed(format!("{place}: the driver left sites out.")));
        }
    }
    fault.map_or(Ok(()), Err)
}

const fn site(event: Event) -> Option<u32> {
    match event {
        Event::Allocated(_, _, site) => Some(site),
        Event::Moved(..) | Event::Freed(_) => None,
    }
}

/// A fault that shows `program` as source, if it is short enough to read.
fn with_source(fault: Fault, program: &Program) -> Fault {
    fault.map(|failure| {
        if program.steps.len() <= STEPPED {
            let steps: String =
                program.steps.iter().map(|step| format!("            {},\n", spell(step))).collect();
            failure.program = Some(format!(
                "// paste into tests/public/patterns/yours.rs\n#[test]\nfn shortest_failing_program() {{\n    \
                 judge(|check| {{\n        let steps = [\n{steps}        ];\n        follow(check, steps)\n    \
                 }});\n}}\n"
            ));
        }
    })
}

/// An event as the call that makes it.
fn spell(step: &Step) -> String {
    match (step.thread, step.event) {
        (0, Event::Allocated(block, size, site)) => format!("allocated({block:#x}, {size}, {site})"),
        (0, Event::Moved(from, to, new_size)) => format!("moved({from:#x}, {to:#x}, {new_size})"),
        (0, Event::Freed(block)) => format!("freed({block:#x})"),
        (thread, Event::Allocated(block, size, site)) => {
            format!("on({thread}, Allocated({block:#x}, {size}, {site}))")
        }
        (thread, Event::Moved(from, to, new_size)) => {
            format!("on({thread}, Moved({from:#x}, {to:#x}, {new_size}))")
        }
        (thread, Event::Freed(block)) => format!("on({thread}, Freed({block:#x}))"),
    }
}

/// Lets histograms record and merge, and holds each against the model.
pub fn hold_histograms(client: &Client<'_>, job: &Histograms) -> Judged {
    let told: Vec<Told> = ask(client, Job::Histograms(job.clone()))?;
    let expected = model::histograms(job);
    let Some(at) = (0..expected.len()).find(|at| told.get(*at) != Some(&expected[*at])) else {
        return Ok(());
    };
    let Histograms { shards, merges, then } = job;
    let last =
        if then.is_empty() { String::new() } else { format!(", and recorded {then:?} (histogram, size)") };
    Err(Fault::failed(format!(
        "Histogram {at} of those that recorded {shards:?}, and then were merged as {merges:?} (into, from){last}, tells \
         {:?}; expected {:?}. (counts: bucket, sizes in it)",
        told.get(at),
        expected[at]
    )))
}
