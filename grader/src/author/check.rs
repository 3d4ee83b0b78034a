//! `cargo grade author check`: judges the course by right and wrong answers.
//!
//! Each answer goes the whole way of a submission, so that what is proved is what students meet. (Mutants
//! are built one after the other on the grader's own warm target folder, not all at once.)

use std::io::Write;
use std::path::PathBuf;

use super::mutants::{self, Mutant};
use super::{AuthorError, Target, sync};
use crate::grade::{Request, grade, work_folder};
use crate::progress::Progress;
use crate::result::ExerciseResult;
use crate::rubric::Visibility;
use crate::sandbox::Sandbox;
use crate::scope::Scope;
use crate::tree::Tree;
use crate::verdict::Verdict;

/// Fewer mutants than this prove too little of an exercise.
const FEWEST_MUTANTS: usize = 6;

/// Proves the exercises of `targets`, prints a line an answer, and gives what is to be mended.
///
/// # Errors
///
/// Where something of the course cannot be read, or an answer cannot be graded.
pub fn check(targets: &[Target], out: &mut dyn Write) -> Result<Vec<String>, AuthorError> {
    let mut to_mend = sync::sync(targets, sync::Mode::Check)?.to_mend;
    for target in targets.iter().filter(|t| t.exercise.published) {
        exercise(target, out, &mut to_mend)?;
    }
    Ok(to_mend)
}

fn exercise(target: &Target, out: &mut dyn Write, to_mend: &mut Vec<String>) -> Result<(), AuthorError> {
    let name = target.name();
    let Some(reference) = target.text(&target.solution())? else {
        to_mend.push(format!("{name} has no reference. Write {}.", target.solution().display()));
        return Ok(());
    };
    let skeleton = target.text(&target.skeleton())?.unwrap_or_default();
    let empty = answer(target, "skeleton", &skeleton, true)?;
    line(out, &name, "skeleton", &empty)?;
    if empty.tally.score > 0.0 || empty.checks.iter().any(|c| c.verdict == Verdict::Passed) {
        let lost: Vec<String> =
            empty.checks.iter().filter(|c| c.verdict == Verdict::Passed).map(|c| local(&c.id)).collect();
        to_mend.push(format!("{name}: the skeleton passes {}. It must earn nothing.", lost.join(", ")));
    }
    let best = answer(target, "reference", &reference, true)?;
    right(target, "reference", &best, out, to_mend)?;
    let known = hidden_checks(target, &best, to_mend);

    let mut alternatives = 0;
    let folder = target.course.root.join("solutions").join("alternatives");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let within = entry.path().join(target.listed());
        if let Ok(text) = std::fs::read_to_string(&within) {
            alternatives += 1;
            let label = format!("alternative {}", entry.file_name().to_string_lossy());
            right(target, &label, &answer(target, "alternative", &text, true)?, out, to_mend)?;
        }
    }
    if alternatives == 0 {
        to_mend.push(format!("{name} has no alternative, so nothing tells the reference from the task."));
    }

    let killed = wrong_answers(target, &reference, out, to_mend)?;
    for hidden in known.iter().filter(|k| !killed.contains(k)) {
        to_mend.push(format!("{name}: the hidden check {hidden} kills no mutant."));
    }
    Ok(())
}

/// Grades the mutants of `targets` alone, prints a line each, and gives what is to be mended.
///
/// # Errors
///
/// As [`check`].
pub fn mutants(targets: &[Target], out: &mut dyn Write) -> Result<Vec<String>, AuthorError> {
    let mut to_mend = Vec::new();
    for target in targets.iter().filter(|t| t.exercise.published) {
        if let Some(reference) = target.text(&target.solution())? {
            wrong_answers(target, &reference, out, &mut to_mend)?;
        }
    }
    Ok(to_mend)
}

/// Grades an exercise's mutants, and gives the checks that killed one.
fn wrong_answers(
    target: &Target,
    reference: &str,
    out: &mut dyn Write,
    to_mend: &mut Vec<String>,
) -> Result<Vec<String>, AuthorError> {
    let name = target.name();
    let (mutants, broken) = mutants::load(target, reference)?;
    to_mend.extend(broken);
    if mutants.len() < FEWEST_MUTANTS {
        to_mend.push(format!("{name} has {} mutants; write at least {FEWEST_MUTANTS}.", mutants.len()));
    }
    let mut killed: Vec<String> = Vec::new();
    for mutant in &mutants {
        let result = answer(target, "mutant", &mutant.text, timed(target, mutant))?;
        line(out, &name, &mutant.name, &result)?;
        killed.extend(wrong(&name, mutant, &result, to_mend));
    }
    Ok(killed)
}

/// The hidden checks, with their titles compared to the rubric's.
fn hidden_checks(target: &Target, result: &ExerciseResult, to_mend: &mut Vec<String>) -> Vec<String> {
    let hidden = result.checks.iter().filter(|c| c.visibility == Visibility::Hidden);
    let hidden: Vec<String> = hidden.map(|c| local(&c.id)).collect();
    for check in hidden.iter().filter(|h| !target.exercise.titles.contains_key(*h)) {
        to_mend.push(format!("{}: the hidden check {check} has no title in the rubric.", target.name()));
    }
    for title in target.exercise.titles.keys().filter(|t| !hidden.contains(t)) {
        to_mend.push(format!("{}: the rubric titles {title}, which is no hidden check.", target.name()));
    }
    hidden
}

fn right(
    target: &Target,
    label: &str,
    result: &ExerciseResult,
    out: &mut dyn Write,
    to_mend: &mut Vec<String>,
) -> Result<(), AuthorError> {
    line(out, &target.name(), label, result)?;
    if result.checks.is_empty() {
        to_mend.push(format!("{}: the {label} meets no check. {}", target.name(), result.message));
    }
    for check in result.checks.iter().filter(|c| c.verdict != Verdict::Passed && !c.left_out) {
        let said = check.message.lines().next().unwrap_or("");
        to_mend.push(format!(
            "{}: the {label} does not pass {}: {}. {said}",
            target.name(),
            local(&check.id),
            check.verdict
        ));
    }
    Ok(())
}

/// Compares what a mutant lost to what it should, and gives what it lost.
fn wrong(exercise: &str, mutant: &Mutant, result: &ExerciseResult, to_mend: &mut Vec<String>) -> Vec<String> {
    let what = format!("{exercise}, mutant {}", mutant.name);
    if result.checks.is_empty() {
        to_mend.push(format!("{what}: meets no check: {}. {}", result.verdict, result.message));
    }
    let ours = result.checks.iter().filter(|c| c.verdict.is_ours());
    to_mend.extend(ours.map(|c| format!("{what}: the grader broke on {}.", local(&c.id))));
    let lost: Vec<String> = lost(result);
    for must in mutant.must.iter().filter(|m| !lost.contains(m)) {
        to_mend.push(format!("{what}: keeps {must}, which it must lose."));
    }
    // What was not run for want of another check is that check's loss.
    let not_run = |id: &str| result.checks.iter().any(|c| local(&c.id) == id && c.verdict == Verdict::NotRun);
    for extra in lost.iter().filter(|l| !mutant.must.contains(l) && !mutant.may.contains(l) && !not_run(l)) {
        to_mend.push(format!("{what}: loses {extra}, which is neither in `must` nor in `may`."));
    }
    lost.into_iter().filter(|l| !not_run(l)).collect()
}

fn lost(result: &ExerciseResult) -> Vec<String> {
    let lost = result.checks.iter().filter(|c| c.verdict != Verdict::Passed && !c.left_out);
    lost.map(|c| local(&c.id)).collect()
}

/// `correctness::name` of `ps1/buddy/correctness/name`.
pub(super) fn local(id: &str) -> String {
    id.splitn(3, '/').nth(2).unwrap_or(id).replace('/', "::")
}

fn line(
    out: &mut dyn Write,
    exercise: &str,
    label: &str,
    result: &ExerciseResult,
) -> Result<(), AuthorError> {
    let lost = lost(result);
    let shown = if lost.len() > 6 { format!("{} checks", lost.len()) } else { lost.join(", ") };
    writeln!(
        out,
        "{exercise:16} {label:40} {:>6.2} of {:.2}  {}",
        result.tally.score,
        result.tally.max,
        if lost.is_empty() { "loses nothing".to_owned() } else { format!("loses {shown}") }
    )
    .map_err(AuthorError::at("write", std::path::Path::new("standard output")))
}

/// Whether a mutant's timed checks are worth running: where it declares one.
///
/// What a mistake does to the result is the same each time; what time does to a check is not, and over a
/// hundred mutants a false alarm in a thousand would come about every other run.
fn timed(target: &Target, mutant: &Mutant) -> bool {
    let performance = |check: &&String| check.starts_with("performance::");
    let declared = mutant.must.iter().chain(&mutant.may).filter(performance);
    declared.filter(|check| !target.exercise.exact.contains(check)).count() > 0
}

/// Grades one file as the answer to its exercise, with its timed checks or without.
pub(super) fn answer(
    target: &Target,
    label: &str,
    text: &str,
    timed: bool,
) -> Result<ExerciseResult, AuthorError> {
    let folder: PathBuf = work_folder(target.course).join("answers").join(label);
    let mut tree = Tree::default();
    tree.put(target.listed(), text);
    tree.lay(&folder)?;
    let scope = Scope::parse(&[target.name()], target.course)
        .map_err(|e| AuthorError::Grading { why: e.to_string() })?;
    let request = Request {
        scope,
        submission: Some(folder),
        sandbox: Sandbox::here(&[]),
        untimed: !timed,
        run_skeletons: true,
        ..Request::default()
    };
    let mut progress = Progress::new();
    let result = grade(target.course, &request, &mut progress);
    progress.finish();
    let result = result.map_err(|e| AuthorError::Grading { why: e.to_string() })?;
    let exercises = result.assignments.into_iter().flat_map(|a| a.exercises);
    exercises
        .into_iter()
        .find(|e| e.id == target.exercise.id)
        .ok_or_else(|| AuthorError::Grading { why: format!("{} is not in the result", target.name()) })
}
