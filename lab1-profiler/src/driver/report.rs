//! Exercise L1.4: how its requests reach the student's code.

use super::checksum::{CHECKSUM, checksum};
use crate::protocol::report::{
    Add, BATCHES, Case, Failed, Function, Job, Made, Reported, Weight as Sum, Written,
};
use driverkit::{Replies, timed};
use lab1_profiler::profile::{Figures, Profile, Run};
use lab1_profiler::report::{Aggregate, Symbols, Weight};
use lab1_profiler::{dhat, html, pprof};
use std::fmt;
use std::hint::black_box;

/// Carries out a job.
pub fn carry_out(job: Job, replies: &mut Replies) {
    match job {
        Job::Report(case) => {
            let mut aggregate = Aggregate::new();
            for round in &case.rounds {
                round.iter().for_each(|one| add(&mut aggregate, one));
                replies.send(&reported(&aggregate, &Table::of(&case), case.limit));
            }
        }
        Job::Write(case) => replies.send(&written(&case)),
        Job::Fail(case, room) => {
            let mut aggregate = Aggregate::new();
            case.rounds.iter().flatten().for_each(|one| add(&mut aggregate, one));
            let table = Table::of(&case);
            replies.send(&Failed {
                text: aggregate.text(&table, case.limit as usize, &mut Narrow(room as usize)).is_err(),
                folded: aggregate.folded(&table, &mut Narrow(room as usize)).is_err(),
            });
        }
        Job::Time(made) => time(&made, replies),
    }
}

fn add(aggregate: &mut Aggregate, add: &Add) {
    let stack: Vec<usize> = add.stack.iter().map(|frame| *frame as usize).collect();
    aggregate.add(&stack, add.skip as usize, Weight { blocks: add.blocks, bytes: add.bytes });
}

fn reported(aggregate: &Aggregate, symbols: &dyn Symbols, limit: u64) -> Reported {
    let sum = |weight: Weight| -> Sum { (weight.blocks, weight.bytes) };
    let stacks = aggregate.stacks().into_iter();
    let stacks = stacks
        .map(|(stack, weight)| (stack.iter().map(|frame| *frame as u64).collect(), sum(weight)))
        .collect();
    // An error that a string never gives is told in the report itself.
    let write = |write: &dyn Fn(&mut String) -> fmt::Result| {
        let mut text = String::new();
        write(&mut text).map_or_else(|_| "fmt::Error".to_owned(), |()| text)
    };
    Reported {
        total: sum(aggregate.total()),
        stacks,
        text: write(&|out| aggregate.text(symbols, limit as usize, out)),
        folded: write(&|out| aggregate.folded(symbols, out)),
    }
}

fn written(case: &Case) -> Written {
    let table = Table::of(case);
    let mut profile = Profile::new(Run { peak_clock: Some(0), ..Run::default() });
    for one in case.rounds.iter().flatten() {
        let weight = Weight { blocks: one.blocks, bytes: one.bytes };
        let stack: Vec<usize> = one.stack.iter().map(|frame| *frame as usize).collect();
        let figures = Figures { allocated: weight, at_end: weight, ..Figures::default() };
        profile.add_site(&stack, one.skip as usize, &figures);
    }
    let (mut json, mut page, mut messages) = (String::new(), String::new(), Vec::new());
    // Neither a string nor a vector refuses anything; what is missing, the judge misses.
    let _ = dhat::write(&profile, &table, &mut json);
    let _ = html::write(&profile, &table, &mut page);
    let _ = pprof::write(&profile, &table, &mut messages);
    Written {
        reported: reported(&profile.allocated, &table, case.limit),
        dhat: json,
        html: page,
        pprof: messages,
    }
}

/// The functions of a case.
struct Table<'c>(&'c [Function]);

impl<'c> Table<'c> {
    fn of(case: &'c Case) -> Self {
        Self(&case.functions)
    }
}

impl Symbols for Table<'_> {
    fn name(&self, address: usize) -> Option<&str> {
        let holds = |(start, end, _): &&Function| (*start..*end).contains(&(address as u64));
        self.0.iter().find(holds)?.2.as_deref()
    }
}

/// A writer that takes so many bytes and no more.
struct Narrow(usize);

impl fmt::Write for Narrow {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// The functions of a made program.
struct MadeNames(Vec<String>);

impl Symbols for MadeNames {
    fn name(&self, address: usize) -> Option<&str> {
        Made::name(&self.0, address as u64)
    }
}

/// Times an aggregate and both its reports beside a checksum of as many bytes: those of each frame that is added,
/// and, once for each report, those of the names of as many stacks as there are sites.
fn time(made: &Made, replies: &mut Replies) {
    let symbols = MadeNames(Made::names());
    let adds: Vec<(Vec<usize>, Weight)> = made
        .adds()
        .iter()
        .map(|add| {
            let stack = add.stack.iter().map(|frame| *frame as usize).collect();
            (stack, Weight { blocks: add.blocks, bytes: add.bytes })
        })
        .collect();
    let batches: Vec<_> = adds.chunks(adds.len().div_ceil(BATCHES).max(1)).collect();
    let sites = || adds.iter().take(made.sites as usize);
    let mut aggregate = Aggregate::new();
    let mut result = None;
    let mut sums = [CHECKSUM; 2];
    let turns = timed::started(replies, 1);
    let rounds = timed::interleave(turns, batches.len() + 1, made.turn, |contestant, batch| {
        match (contestant, batches.get(batch)) {
            (0, Some(batch)) => batch.iter().for_each(|(stack, weight)| aggregate.add(stack, 1, *weight)),
            (0, None) => result = Some(reported(&aggregate, &symbols, u64::MAX)),
            (twin, Some(batch)) => {
                let frames = batch.iter().flat_map(|(stack, _)| stack);
                let sum = frames.fold(sums[twin - 1], |sum, frame| checksum(sum, &frame.to_le_bytes()));
                sums[twin - 1] = black_box(sum);
            }
            (twin, None) => {
                let names = (0..2).flat_map(|_| sites()).flat_map(|(stack, _)| stack);
                let names = names.filter_map(|frame| symbols.name(frame - 1));
                sums[twin - 1] =
                    black_box(names.fold(sums[twin - 1], |sum, name| checksum(sum, name.as_bytes())));
            }
        }
    });
    timed::stopped(replies, rounds, || result.unwrap_or_else(|| reported(&aggregate, &symbols, u64::MAX)));
}
