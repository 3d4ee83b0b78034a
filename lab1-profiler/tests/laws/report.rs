//! What exercise L1.4 owes, from replies alone.
//!
//! [`model`] computes what has to come out; [`formats`] reads what the given writers made of it, with readers
//! that are not ours; here is what asks.

#[path = "report/cases.rs"]
pub mod cases;
#[path = "report/formats.rs"]
pub mod formats;
#[path = "report/model.rs"]
pub mod model;
#[path = "report/timing.rs"]
pub mod timing;

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::report::{Add, Case, Function, Job, Reported, Written};
use serde::de::DeserializeOwned;
use testkit::client::{Build, Client};
use testkit::{Check, Fault, Judged};

/// A function from `start` to before `end`.
pub fn function(start: u64, end: u64, name: &str) -> Function {
    (start, end, Some(name.to_owned()))
}

/// Adds `bytes` in `blocks` to a stack of which nothing is left out.
pub fn add<const N: usize>(stack: [u64; N], blocks: u64, bytes: u64) -> Add {
    add_skipping(stack, 0, blocks, bytes)
}

/// The same without the first `skip` frames.
pub fn add_skipping<const N: usize>(stack: [u64; N], skip: u64, blocks: u64, bytes: u64) -> Add {
    Add { stack: stack.to_vec(), skip, blocks, bytes }
}

/// A line to the driver.
pub fn client(check: &Check) -> Judged<Client<'_>> {
    Client::new(check, &HOME, Build::Plain)
}

/// Asks, and gives the replies, of which there must be `count`.
pub fn ask<R: DeserializeOwned>(client: &Client<'_>, job: Job, count: usize) -> Judged<Vec<R>> {
    let transcript = client.ask::<_, R>(&Request::Report(job)).map_err(|(fault, _)| fault)?;
    if transcript.replies.len() == count {
        Ok(transcript.replies)
    } else {
        Err(Fault::failed("The driver left replies out."))
    }
}

/// Has a case reported after each of its rounds, and holds the reports against the model.
pub fn exactly(client: &Client<'_>, case: &Case) -> Judged {
    let seen: Vec<Reported> = ask(client, Job::Report(case.clone()), case.rounds.len())?;
    for (round, seen) in seen.iter().enumerate() {
        let adds: Vec<&Add> = case.rounds[..=round].iter().flatten().collect();
        agrees(case, &adds, seen)?;
    }
    Ok(())
}

/// The same for a case that is written down, in one round.
pub fn report<const F: usize, const N: usize>(
    check: &Check,
    limit: u64,
    functions: [Function; F],
    adds: [Add; N],
) -> Judged {
    let case = Case { functions: functions.to_vec(), rounds: vec![adds.to_vec()], limit };
    exactly(&client(check)?, &case)
}

/// Holds what was reported after some additions against the model.
fn agrees(case: &Case, adds: &[&Add], seen: &Reported) -> Judged {
    model::differs(&case.functions, case.limit, adds, seen).map_or(Ok(()), |why| {
        let shown = Case { rounds: vec![adds.iter().map(|add| (*add).clone()).collect()], ..case.clone() };
        Err(Fault::failed(why).map(|failure| failure.program = Some(source(&shown))))
    })
}

/// Has a case written in every format, once its own reports agree with the model.
pub fn write(client: &Client<'_>, case: &Case) -> Judged<Written> {
    let written: Written = ask(client, Job::Write(case.clone()), 1)?.remove(0);
    agrees(case, &case.rounds.iter().flatten().collect::<Vec<_>>(), &written.reported)?;
    Ok(written)
}

/// The case as a test to paste.
fn source(case: &Case) -> String {
    let functions: String = case
        .functions
        .iter()
        .map(|(start, end, name)| match name {
            Some(name) if name.chars().count() <= 200 => {
                format!("                function({start:#x}, {end:#x}, {name:?}),\n")
            }
            Some(name) => {
                format!(
                    "                function({start:#x}, {end:#x}, &\"x\".repeat({})),\n",
                    name.chars().count()
                )
            }
            None => String::new(),
        })
        .collect();
    let spell = |Add { stack, skip, blocks, bytes }: &Add| {
        let frames: Vec<String> = stack.iter().map(|frame| format!("{frame:#x}")).collect();
        format!("                add_skipping([{}], {skip}, {blocks}, {bytes}),\n", frames.join(", "))
    };
    let adds: String = case.rounds.iter().flatten().map(spell).collect();
    format!(
        "// paste into tests/public/report/yours.rs\n#[test]\nfn shortest_failing_report() {{\n    judge(|check| \
         {{\n        report(\n            check,\n            {},\n            [\n{functions}            ],\n            \
         [\n{adds}            ],\n        )\n    }});\n}}\n",
        case.limit
    )
}
