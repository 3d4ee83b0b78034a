//! One check: its name, its seed, and the record that it leaves.
//!
//! The record is written to a file that the grader names and the driver can't reach. Under plain
//! `cargo test` there is none, and a panic with the same text fails the test.

use crate::fault::{Fault, Judged};
use crate::peers::Peers;
use driverkit::prng::mix;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The judge's exit code when it broke itself; the grader then charges nobody.
pub const EXIT_BROKE: i32 = 97;

/// The judge's exit code when it can't use what the person who grades gave; the grader then stops.
pub const EXIT_UNUSABLE: i32 = 96;

/// How long the drivers of one check may take in all. A request has a limit of its own; without this one, a hundred
/// that each stay just below it would outlast the grader's patience with the judge.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of a text a record holds, in characters: more than anybody reads. A panic's message may have 64 MiB.
const LONGEST: usize = 30_000;

/// What a check measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measure {
    /// The figure.
    pub value: f64,
    /// Its unit: `x` for a ratio, `bytes`, `ns`.
    pub unit: &'static str,
    /// The lower end of its interval, where it is statistical.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// A check at work.
#[derive(Debug)]
pub struct Check {
    name: String,
    seed: u64,
    notes: Mutex<Notes>,
    peers: Peers,
}

/// What a check gathers on its way.
#[derive(Debug, Default)]
struct Notes {
    measures: BTreeMap<String, Measure>,
    /// The smallest credit that a measure earned, and what to say of it.
    shortfall: Option<(f64, String)>,
    submission: Option<String>,
    driver: Duration,
}

/// The record, as the grader reads it.
#[derive(Serialize)]
struct Record<'a> {
    check: &'a str,
    verdict: &'a str,
    credit: f64,
    message: &'a str,
    measures: &'a BTreeMap<String, Measure>,
    program: Option<&'a str>,
    seed: Option<String>,
    submission: Option<&'a str>,
    driver_seconds: f64,
}

/// Runs the body of a `#[test]` as a check.
///
/// The check's name is the test's path within its crate, such as `buddy::correctness::splits_evenly`.
///
/// # Panics
///
/// If the check does not pass, with what there is to tell: that is how a test fails.
pub fn judge<F: FnOnce(&Check) -> Judged>(body: F) {
    let check = Check::named(name_of::<F>());
    keep_memory();
    if std::env::var_os("GRADE_RECORD").is_some() {
        hide();
    }
    let result = body(&check);
    conclude(&check, result);
}

/// Records what came of a check, and ends its test accordingly.
fn conclude(check: &Check, mut result: Judged) {
    let notes = std::mem::take(&mut *check.notes());
    let mut credit = f64::from(u8::from(result.is_ok()));
    if let (Ok(()), Some((earned, message))) = (&result, &notes.shortfall) {
        credit = *earned;
        result = Err(Fault::failed(message.clone()));
    }
    let written = check.record(&result, credit, &notes);
    if let Err(error) = written {
        eprintln!("the judge can't write its record: {error}");
        std::process::exit(EXIT_BROKE);
    }
    match result {
        Ok(()) => {}
        Err(Fault::LeftOut(why)) => eprintln!("not run: {why}"),
        Err(Fault::Broke(why)) if std::env::var_os("GRADE_RECORD").is_some() => {
            eprintln!("{why}");
            std::process::exit(EXIT_BROKE);
        }
        Err(Fault::Unusable(why)) if std::env::var_os("GRADE_RECORD").is_some() => {
            eprintln!("{why}");
            std::process::exit(EXIT_UNUSABLE);
        }
        Err(fault) => panic!("{fault}"),
    }
}

/// Has the C library keep what is freed. Programs and their replies take megabytes each, and it would fetch them from the
/// system anew each time, whose clearing of pages took a sixth of a judge's time.
fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: integers; what the C library makes of them is its own.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 1 << 30);
    }
}

/// Keeps this process's memory from others of the same user, such as a driver where the system has no walls.
fn hide() {
    #[cfg(target_os = "linux")]
    // SAFETY: this option takes integers only, and changes an attribute of this process.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0);
    }
}

/// The path of the function that a closure stands in, without the crate. A test's thread is no help: it
/// has the test's name only when several run at once.
fn name_of<F>() -> String {
    let path = std::any::type_name::<F>();
    let path = path.split("::{{closure}}").next().unwrap_or(path);
    path.split_once("::").map_or(path, |(_, rest)| rest).to_owned()
}

impl Check {
    fn named(name: String) -> Self {
        let given = std::env::var("GRADE_SEED").ok();
        let given = given.and_then(|seed| u64::from_str_radix(seed.trim_start_matches("0x"), 16).ok());
        let own = || name.bytes().fold(0, |seed, byte| mix(seed ^ u64::from(byte)));
        let seed = given.unwrap_or_else(own);
        Self { name, seed, notes: Mutex::default(), peers: Peers::new() }
    }

    /// Parts of a check that go on side by side note one after the other.
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the check stands: `exercise::kind::name`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The check's seed: fixed by its name, or by the term's key where it is hidden.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What peers take by themselves.
    pub(crate) const fn peers(&self) -> &Peers {
        &self.peers
    }

    /// Notes a measure.
    pub fn measure(&self, name: &str, value: f64, unit: &'static str) {
        self.note(name, Measure { value, unit, low: None, high: None });
    }

    /// Notes a measure with its interval.
    pub fn note(&self, name: &str, measure: Measure) {
        self.notes().measures.insert(name.to_owned(), measure);
    }

    /// Notes that a measure earned `credit` of its points, from 0 to 1. The least one counts, with its
    /// explanation.
    pub fn earn(&self, credit: f64, why: impl FnOnce() -> String) {
        let mut notes = self.notes();
        let least = notes.shortfall.as_ref().map_or(1.0, |(least, _)| *least);
        if credit < least {
            notes.shortfall = Some((credit.max(0.0), why()));
        }
    }

    pub(crate) fn met(&self, submission: Option<String>) {
        self.notes().submission = submission;
    }

    pub(crate) fn spent(&self, on_driver: Duration) {
        self.notes().driver += on_driver;
    }

    /// What is left of the time that the check's drivers may take.
    pub(crate) fn left(&self) -> Duration {
        PATIENCE.saturating_sub(self.notes().driver)
    }

    fn record(&self, result: &Judged, credit: f64, notes: &Notes) -> std::io::Result<()> {
        let Some(path) = std::env::var_os("GRADE_RECORD").map(PathBuf::from) else { return Ok(()) };
        let fault = result.as_ref().err();
        let failure = fault.and_then(Fault::failure);
        let broke = match fault {
            Some(Fault::Broke(why) | Fault::Unusable(why) | Fault::LeftOut(why)) => why.as_str(),
            _ => "",
        };
        let record = Record {
            check: &self.name,
            verdict: fault.map_or("Passed", Fault::verdict),
            credit,
            message: cut(failure.map_or(broke, |failure| &failure.message)),
            measures: &notes.measures,
            program: failure.and_then(|failure| failure.program.as_deref()).map(cut),
            seed: failure.and_then(|failure| failure.seed).map(|seed| format!("{seed:#018x}")),
            submission: notes.submission.as_deref(),
            driver_seconds: notes.driver.as_secs_f64(),
        };
        write_whole(&path, &serde_json::to_vec(&record)?)
    }
}

/// A text's beginning.
fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end])
}

/// Writes beside, then renames: a reader sees all of it or nothing.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("part");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_named_after_the_function_that_it_stands_in() {
        fn name<F: FnOnce() -> Judged>(_: F) -> String {
            name_of::<F>()
        }
        let name = name(|| Ok(()));
        assert_eq!(name, "check::tests::a_check_is_named_after_the_function_that_it_stands_in");
    }

    #[test]
    fn a_record_holds_the_beginning_of_a_long_text() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"é".repeat(LONGEST + 1)), "é".repeat(LONGEST));
    }

    #[test]
    fn the_least_credit_counts() {
        let check = Check::named("a::b::c".to_owned());
        check.earn(1.0, || "full".to_owned());
        assert_eq!(check.notes().shortfall, None);
        check.earn(0.5, || "half".to_owned());
        check.earn(0.75, || "more".to_owned());
        assert_eq!(check.notes().shortfall, Some((0.5, "half".to_owned())));
    }
}
