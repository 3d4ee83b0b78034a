//! Running one check, and reading what came of it.
//!
//! A judge says what it found by its record and its exit code; where the two do not fit, or there is no
//! record, the fault is ours.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::judges::Check;
use crate::process::{Ended, Limits, run};
use crate::record::{Measured, Record};
use crate::rubric::{Kind, Visibility};
use crate::tree::Hash;
use crate::verdict::Verdict;

/// Wall clock that a judge gives a driver, unless it knows better.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Wall clock of a whole check. A judge that shrinks a hanging program starts many drivers, and bounds
/// that itself; this limit is for a judge that hangs.
const OUTER: Duration = Duration::from_secs(120);

/// A judge's exit code for a test that passed, one that did not, a judge that broke, and one that cannot use what
/// it was given.
const PASSED: i32 = 0;
const NOT_PASSED: i32 = 101;
const JUDGE_BROKE: i32 = 97;
const UNUSABLE: i32 = 96;

/// What checks of one assignment run with.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The driver of the submission.
    pub driver: PathBuf,
    /// The driver with feature `loom`, where it was built.
    pub driver_loom: Option<PathBuf>,
    /// The hash that the driver has to say.
    pub submission: String,
    /// What judges start drivers with.
    pub launcher: Option<String>,
    /// What judges start programs with.
    pub program_launcher: Option<String>,
    /// The folder of built programs and libraries, where there are any.
    pub programs: Option<PathBuf>,
    /// A trace of the student's own.
    pub trace: Option<PathBuf>,
    /// What hidden seeds come from.
    pub term_key: Option<Vec<u8>>,
    /// The folder that judges run in.
    pub cwd: PathBuf,
    /// A folder for records.
    pub scratch: PathBuf,
    /// Whether judges look for the shortest program that shows a failure.
    pub shrink: bool,
    /// Whether the submission is somebody else's, and judges look for what pays only where others grade.
    pub wary: bool,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// From 0 to 1.
    pub credit: f64,
    /// What was done, expected and seen.
    pub message: String,
    /// What was measured.
    pub measures: BTreeMap<String, Measured>,
    /// The shortest failing program.
    pub program: Option<String>,
    /// The seed.
    pub seed: Option<String>,
    /// Wall clock.
    pub seconds: f64,
    /// Whether the platform lacks what it takes.
    pub left_out: bool,
    /// Whether what the person who grades gave is of no use, so that the run has to end.
    pub unusable: bool,
}

impl Outcome {
    /// A check that is not run, at nobody's cost.
    pub fn left_out(why: &str) -> Outcome {
        Outcome { left_out: true, ..Outcome::of(Verdict::NotRun, why.to_owned()) }
    }

    /// A verdict and its message, and nothing else.
    pub fn of(verdict: Verdict, message: String) -> Outcome {
        Outcome {
            verdict,
            credit: if verdict == Verdict::Passed { 1.0 } else { 0.0 },
            message,
            measures: BTreeMap::new(),
            program: None,
            seed: None,
            seconds: 0.0,
            left_out: false,
            unusable: false,
        }
    }
}

/// Runs the judge `binary` on `check`; once more where the grader broke.
pub fn judge(binary: &Path, check: &Check, assignment: &str, setting: &Setting) -> Outcome {
    let first = judge_once(binary, check, assignment, setting);
    if !first.verdict.is_ours() || first.unusable {
        return first;
    }
    let second = judge_once(binary, check, assignment, setting);
    Outcome { seconds: first.seconds + second.seconds, ..second }
}

fn judge_once(binary: &Path, check: &Check, assignment: &str, setting: &Setting) -> Outcome {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = check.test_name();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let record = setting.scratch.join(format!("record-{number}.json"));
    let _ = std::fs::remove_file(&record);

    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("GRADE_")) {
        command.env_remove(name);
    }
    command
        .args(["--exact", &name, "--nocapture", "--test-threads=1"])
        .current_dir(&setting.cwd)
        .env("GRADE_DRIVER", &setting.driver)
        .env("GRADE_RECORD", &record)
        .env("GRADE_SUBMISSION", &setting.submission)
        .env("GRADE_DEADLINE_MS", DEADLINE.as_millis().to_string());
    if let Some(launcher) = &setting.launcher {
        command.env("GRADE_LAUNCHER", launcher);
    }
    if let Some(launcher) = &setting.program_launcher {
        command.env("GRADE_PROGRAM_LAUNCHER", launcher);
    }
    if let Some(programs) = &setting.programs {
        command.env("GRADE_PROGRAMS", programs);
    }
    if let Some(driver) = &setting.driver_loom {
        command.env("GRADE_DRIVER_LOOM", driver);
    }
    if let Some(trace) = &setting.trace {
        command.env("GRADE_TRACE", trace);
    }
    if !setting.shrink {
        command.env("GRADE_SHRINK", "0");
    }
    if setting.wary {
        command.env("GRADE_WARY", "1");
    }
    if let (Visibility::Hidden, Some(key)) = (check.visibility, &setting.term_key) {
        command.env("GRADE_SEED", hidden_seed(key, &check.id(assignment)));
    }
    let limits = Limits { wall: OUTER, output: 1 << 20, memory: None };
    let done = match run(&mut command, &limits) {
        Ok(done) => done,
        Err(e) => return Outcome::of(Verdict::GraderBroke, format!("The judge could not be started: {e}.")),
    };
    let bytes = std::fs::read(&record).ok();
    let _ = std::fs::remove_file(&record);
    let outcome = read(done.ended, bytes.as_deref(), &name, check.kind, &setting.submission);
    let mut outcome = Outcome { seconds: done.seconds, ..outcome };
    if outcome.verdict.is_ours() && !outcome.unusable {
        let said = String::from_utf8_lossy(&done.stderr);
        let last: Vec<&str> = said.lines().rev().take(12).collect();
        if !last.is_empty() {
            outcome.message.push_str("\nThe judge said:");
        }
        for line in last.into_iter().rev() {
            outcome.message.push_str("\n  ");
            outcome.message.push_str(line);
        }
    }
    outcome
}

/// What a judge's end and record come to.
pub fn read(ended: Ended, record: Option<&[u8]>, name: &str, kind: Kind, submission: &str) -> Outcome {
    let ours = |said: String| Outcome::of(Verdict::GraderBroke, said);
    let record: Option<Record> = match record.map(serde_json::from_slice) {
        Some(Ok(record)) => Some(record),
        Some(Err(e)) => return ours(format!("The judge's record cannot be read: {e}.")),
        None => None,
    };
    let code = match ended {
        Ended::Exited(code) => code,
        Ended::Signalled(signal) => return ours(format!("The judge was ended by signal {signal}.")),
        Ended::TimedOut => match record {
            Some(ref record) if record.verdict == Verdict::TimedOut => NOT_PASSED,
            _ => return ours(format!("The judge did not end within {} s.", OUTER.as_secs())),
        },
    };
    let Some(record) = record else {
        return ours(format!("The judge ended with exit code {code} and left no record."));
    };
    if code == JUDGE_BROKE || code == UNUSABLE {
        return Outcome { unusable: code == UNUSABLE, ..ours(record.message) };
    }
    if record.check != name {
        return ours(format!("The judge ran `{}` instead of `{name}`.", record.check));
    }
    if record.submission.as_deref().is_some_and(|s| s != submission) {
        return ours("The judge met a driver that was built from another submission.".into());
    }
    let passed = record.verdict == Verdict::Passed;
    let partly = kind == Kind::Performance && record.credit > 0.0 && record.credit < 1.0;
    let fits = match code {
        PASSED => passed || record.verdict == Verdict::NotRun || partly,
        NOT_PASSED => !passed,
        _ => false,
    };
    if !fits {
        return ours(format!(
            "The judge ended with exit code {code}, and its record says {}.",
            record.verdict
        ));
    }
    let credit = match record.verdict {
        Verdict::Passed => 1.0,
        Verdict::Failed if partly => record.credit,
        _ => 0.0,
    };
    Outcome {
        verdict: record.verdict,
        credit,
        message: record.message,
        measures: record.measures,
        program: record.program,
        seed: record.seed,
        seconds: 0.0,
        // The plan lets no judge run whose needs are not met, so this one met a platform that lacks something.
        left_out: record.verdict == Verdict::NotRun,
        unusable: false,
    }
}

/// Runs `work` on each item in up to `lanes` threads and gives the results in the items' order.
pub fn in_lanes<T: Sync, R: Send>(items: &[T], lanes: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..lanes.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else {
                        return;
                    };
                    let result = work(item);
                    if let Ok(mut slot) = results[at].lock() {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    // The scope has ended without a panic, so every slot is filled and none is poisoned.
    results.into_iter().filter_map(|slot| slot.into_inner().ok().flatten()).collect()
}

fn hidden_seed(key: &[u8], check: &str) -> String {
    let mut hash = Hash::default();
    hash.part(key);
    hash.part(check.as_bytes());
    format!("0x{}", &hash.hex()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(ended: Ended, record: Option<&str>) -> Verdict {
        read(ended, record.map(str::as_bytes), "x::correctness::n", Kind::Correctness, "S").verdict
    }

    fn record(verdict: &str) -> String {
        format!(r#"{{"check": "x::correctness::n", "verdict": "{verdict}", "submission": "S"}}"#)
    }

    #[test]
    fn a_record_counts_only_where_the_exit_code_agrees() {
        use Verdict::*;
        for (code, said, expected) in [
            (0, "Passed", Passed),
            (101, "Failed", Failed),
            (101, "Crashed", Crashed),
            (101, "NotAttempted", NotAttempted),
            (0, "NotRun", NotRun),
            (0, "Failed", GraderBroke),
            (101, "Passed", GraderBroke),
            (1, "Passed", GraderBroke),
            (97, "Failed", GraderBroke),
        ] {
            assert_eq!(verdict(Ended::Exited(code), Some(&record(said))), expected, "{code} {said}");
        }
    }

    #[test]
    fn a_judge_that_cannot_use_what_it_was_given_ends_the_run() {
        let said = br#"{"check": "c", "verdict": "GraderBroke", "message": "a.rep, line 6: no"}"#;
        let outcome = read(Ended::Exited(96), Some(said), "c", Kind::Correctness, "S");
        assert!(outcome.unusable && outcome.verdict.is_ours());
        assert_eq!(outcome.message, "a.rep, line 6: no");
    }

    #[test]
    fn what_is_no_record_is_the_graders_fault() {
        let broke = Verdict::GraderBroke;
        assert_eq!(verdict(Ended::Exited(0), None), broke);
        assert_eq!(verdict(Ended::Exited(101), Some("{")), broke);
        assert_eq!(verdict(Ended::Signalled(9), Some(&record("Failed"))), broke);
        assert_eq!(verdict(Ended::TimedOut, None), broke);
        assert_eq!(verdict(Ended::TimedOut, Some(&record("TimedOut"))), Verdict::TimedOut);
        let other_check = record("Passed").replace("::n", "::m");
        assert_eq!(verdict(Ended::Exited(0), Some(&other_check)), broke);
        let other_submission = record("Passed").replace("\"S\"", "\"T\"");
        assert_eq!(verdict(Ended::Exited(0), Some(&other_submission)), broke);
    }

    #[test]
    fn credit_in_between_is_for_performance_only() {
        let text = br#"{"check": "c", "verdict": "Failed", "credit": 0.5}"#;
        assert_eq!(read(Ended::Exited(101), Some(text), "c", Kind::Performance, "S").credit, 0.5);
        assert_eq!(read(Ended::Exited(101), Some(text), "c", Kind::Property, "S").credit, 0.0);
    }

    #[test]
    fn lanes_keep_the_order() {
        let items: Vec<u64> = (0..50).collect();
        assert_eq!(in_lanes(&items, 3, |i| i * 2), items.iter().map(|i| i * 2).collect::<Vec<_>>());
        assert!(in_lanes(&[] as &[u64], 3, |i| *i).is_empty());
    }

    #[test]
    fn a_hidden_seed_depends_on_key_and_check() {
        assert_eq!(hidden_seed(b"k", "a"), hidden_seed(b"k", "a"));
        assert_ne!(hidden_seed(b"k", "a"), hidden_seed(b"l", "a"));
        assert_ne!(hidden_seed(b"k", "a"), hidden_seed(b"k", "b"));
    }
}
