//! `cargo grade author check`: judges the course by right and wrong answers.
//!
//! Each answer goes the whole way of a submission, so that what is proved is what students meet. Several do at once, each
//! on a stage and warm target folders of its own; what is timed has the machine to itself.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::mutants::{self, Mutant};
use super::{AuthorError, Target, sync};
use crate::course::Course;
use crate::grade::{Ready, Request, work_folder};
use crate::plan::Timed;
use crate::progress::Progress;
use crate::result::ExerciseResult;
use crate::rubric::Visibility;
use crate::run::in_lanes;
use crate::sandbox::Sandbox;
use crate::scope::Scope;
use crate::tree::Tree;
use crate::verdict::Verdict;

/// Fewer mutants than this prove too little of an exercise.
const FEWEST_MUTANTS: usize = 6;

/// The most answers at once. Each has its own target folders, which hold a copy of every dependency.
const MOST_LANES: usize = 4;

/// An answer to an exercise, and what is to be made of its result.
struct Answer<'a> {
    target: &'a Target<'a>,
    /// What it is called.
    label: String,
    text: String,
    role: Role,
}

enum Role {
    Skeleton,
    Reference,
    Alternative,
    Mutant(Mutant),
}

impl Answer<'_> {
    /// The timed checks that are worth running: of a mutant's, those that it declares.
    ///
    /// What a mistake does to the result is the same each time; what time does to a check is not, and over a
    /// hundred mutants a false alarm in a thousand would come about every other run. Each has the machine to itself, too.
    fn timed(&self) -> Timed {
        let Role::Mutant(mutant) = &self.role else { return Timed::All };
        let performance = |check: &&String| check.starts_with("performance::");
        let declared = mutant.must.iter().chain(&mutant.may).filter(performance);
        Timed::Only(declared.filter(|check| !self.target.exercise.exact.contains(check)).cloned().collect())
    }
}

/// Proves the exercises of `targets`, prints a line an answer as it is graded, and gives what is to be mended.
///
/// # Errors
///
/// Where something of the course cannot be read, or an answer cannot be graded.
pub fn check(targets: &[Target], out: &mut (dyn Write + Send)) -> Result<Vec<String>, AuthorError> {
    let mut to_mend = sync::sync(targets, sync::Mode::Check)?.to_mend;
    let mut answers = Vec::new();
    for target in published(targets, out)? {
        answers.extend(right_answers(target, &mut to_mend)?);
        answers.extend(wrong_answers(target, &mut to_mend)?);
    }
    judge(&answers, &grade_all(&answers, out)?, &mut to_mend);
    Ok(to_mend)
}

/// Grades the mutants of `targets` alone, prints a line each, and gives what is to be mended.
///
/// # Errors
///
/// As [`check`].
pub fn mutants(targets: &[Target], out: &mut (dyn Write + Send)) -> Result<Vec<String>, AuthorError> {
    let mut to_mend = Vec::new();
    let mut answers = Vec::new();
    for target in published(targets, out)? {
        answers.extend(wrong_answers(target, &mut to_mend)?);
    }
    judge(&answers, &grade_all(&answers, out)?, &mut to_mend);
    Ok(to_mend)
}

/// Those that students can earn points of. Of one that was named and is not among them there is a line.
fn published<'a>(targets: &'a [Target], out: &mut dyn Write) -> Result<Vec<&'a Target<'a>>, AuthorError> {
    if let [target] = targets
        && !target.exercise.published
    {
        writeln!(out, "{} is not published, so there is nothing to grade.", target.name())
            .map_err(AuthorError::at("write", Path::new("standard output")))?;
    }
    Ok(targets.iter().filter(|target| target.exercise.published).collect())
}

/// An exercise's skeleton, reference and alternatives.
fn right_answers<'a>(
    target: &'a Target<'a>,
    to_mend: &mut Vec<String>,
) -> Result<Vec<Answer<'a>>, AuthorError> {
    let name = target.name();
    let Some(reference) = target.text(&target.solution())? else {
        to_mend.push(format!("{name} has no reference. Write {}.", target.solution().display()));
        return Ok(Vec::new());
    };
    let skeleton = target.text(&target.skeleton())?.unwrap_or_default();
    let mut answers = vec![
        Answer { target, label: "skeleton".into(), text: skeleton, role: Role::Skeleton },
        Answer { target, label: "reference".into(), text: reference, role: Role::Reference },
    ];
    let folder = target.course.root.join("solutions").join("alternatives");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if let Ok(text) = std::fs::read_to_string(entry.path().join(target.listed())) {
            let label = format!("alternative {}", entry.file_name().to_string_lossy());
            answers.push(Answer { target, label, text, role: Role::Alternative });
        }
    }
    if !answers.iter().any(|a| matches!(a.role, Role::Alternative)) {
        to_mend.push(format!("{name} has no alternative, so nothing tells the reference from the task."));
    }
    Ok(answers)
}

/// An exercise's mutants.
fn wrong_answers<'a>(
    target: &'a Target<'a>,
    to_mend: &mut Vec<String>,
) -> Result<Vec<Answer<'a>>, AuthorError> {
    let Some(reference) = target.text(&target.solution())? else { return Ok(Vec::new()) };
    let (mutants, broken) = mutants::load(target, &reference)?;
    to_mend.extend(broken);
    if mutants.len() < FEWEST_MUTANTS {
        let name = target.name();
        to_mend.push(format!("{name} has {} mutants; write at least {FEWEST_MUTANTS}.", mutants.len()));
    }
    let answer = |mutant: Mutant| Answer {
        target,
        label: mutant.name.clone(),
        text: mutant.text.clone(),
        role: Role::Mutant(mutant),
    };
    Ok(mutants.into_iter().map(answer).collect())
}

/// Grades all answers, some at once, and prints a line for each; their results in the answers' order.
fn grade_all(answers: &[Answer], out: &mut (dyn Write + Send)) -> Result<Vec<ExerciseResult>, AuthorError> {
    let Some(course) = answers.first().map(|a| a.target.course) else { return Ok(Vec::new()) };
    let ready = ready(course)?;
    let sandbox = Sandbox::here(&[]);
    let mut progress = Progress::new();
    progress.checks("answers", answers.len());
    let (out, stopped) = (Mutex::new(out), AtomicBool::new(false));
    let numbered: Vec<(usize, &Answer)> = answers.iter().enumerate().collect();
    let results = in_lanes(&numbered, lanes(), |(number, answer)| {
        if stopped.load(Ordering::Relaxed) {
            return None;
        }
        let request =
            Request { sandbox: sandbox.clone(), timed: answer.timed(), of_many: true, ..Request::default() };
        let folder = work_folder(course).join("answers").join(number.to_string());
        let grade = || -> Result<ExerciseResult, AuthorError> {
            let start = Instant::now();
            let result = grade_one(&ready, answer.target, &folder, &answer.text, request.clone())?;
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            progress.aside(|| line(&mut **out, answer, &result, start.elapsed()))?;
            Ok(result)
        };
        let result = match grade() {
            // A machine that was too busy to time on says nothing of the answer. It has one more try, on a line of its own.
            Ok(result) if result.checks.iter().any(|c| c.verdict.is_ours()) => grade(),
            settled => settled,
        };
        stopped.fetch_or(result.is_err(), Ordering::Relaxed);
        progress.one_done();
        Some(result)
    });
    progress.finish();
    results.into_iter().flatten().collect()
}

/// Holds results against what the answers are.
fn judge(answers: &[Answer], results: &[ExerciseResult], to_mend: &mut Vec<String>) {
    let (mut killed, mut hidden) = (Vec::new(), Vec::new());
    for (answer, result) in answers.iter().zip(results) {
        let name = answer.target.name();
        match &answer.role {
            Role::Skeleton => nothing(&name, result, to_mend),
            Role::Reference => {
                right(answer, result, to_mend);
                let known = hidden_checks(answer.target, result, to_mend);
                hidden.extend(known.into_iter().map(|check| (name.clone(), check)));
            }
            Role::Alternative => right(answer, result, to_mend),
            Role::Mutant(mutant) => {
                let lost = wrong(&name, mutant, result, to_mend);
                killed.extend(lost.into_iter().map(|check| (name.clone(), check)));
            }
        }
    }
    for (name, check) in hidden.iter().filter(|known| !killed.contains(known)) {
        to_mend.push(format!("{name}: the hidden check {check} kills no mutant."));
    }
}

/// The skeleton earns nothing.
fn nothing(name: &str, result: &ExerciseResult, to_mend: &mut Vec<String>) {
    let passed: Vec<String> =
        result.checks.iter().filter(|c| c.verdict == Verdict::Passed).map(|c| local(&c.id)).collect();
    if result.tally.score > 0.0 || !passed.is_empty() {
        to_mend.push(format!("{name}: the skeleton passes {}. It must earn nothing.", passed.join(", ")));
    }
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

/// The reference and an alternative earn everything.
fn right(answer: &Answer, result: &ExerciseResult, to_mend: &mut Vec<String>) {
    let what = format!("{}: the {}", answer.target.name(), answer.label);
    if result.checks.is_empty() {
        to_mend.push(format!("{what} meets no check. {}", result.message));
    }
    for check in result.checks.iter().filter(|c| c.verdict != Verdict::Passed && !c.left_out) {
        let said = check.message.lines().next().unwrap_or("");
        to_mend.push(format!("{what} does not pass {}: {}. {said}", local(&check.id), check.verdict));
    }
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
    answer: &Answer,
    result: &ExerciseResult,
    took: Duration,
) -> Result<(), AuthorError> {
    let lost = lost(result);
    let shown = if lost.len() > 6 { format!("{} checks", lost.len()) } else { lost.join(", ") };
    writeln!(
        out,
        "{:16} {:40} {:>6.2} of {:.2} {:>4.0} s  {}",
        answer.target.name(),
        answer.label,
        result.tally.score,
        result.tally.max,
        took.as_secs_f64(),
        if lost.is_empty() { "loses nothing".to_owned() } else { format!("loses {shown}") }
    )
    .map_err(AuthorError::at("write", Path::new("standard output")))
}

/// How many answers are graded at once.
pub(super) fn lanes() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MOST_LANES)
}

/// The course, to grade answers of.
pub(super) fn ready(course: &Course) -> Result<Ready<'_>, AuthorError> {
    Ready::new(course, None).map_err(|e| AuthorError::Grading { why: e.to_string() })
}

/// Grades one file as the answer to its exercise, as `request` says, from a submission laid in `folder`.
pub(super) fn grade_one(
    ready: &Ready,
    target: &Target,
    folder: &Path,
    text: &str,
    request: Request,
) -> Result<ExerciseResult, AuthorError> {
    let mut tree = Tree::default();
    tree.put(target.listed(), text);
    tree.lay(folder)?;
    let scope = Scope::parse(&[target.name()], target.course)
        .map_err(|e| AuthorError::Grading { why: e.to_string() })?;
    let request = Request { scope, submission: Some(folder.to_owned()), run_skeletons: true, ..request };
    let result = ready.grade(&request, &mut Progress::quiet());
    let result = result.map_err(|e| AuthorError::Grading { why: e.to_string() })?;
    let exercises = result.assignments.into_iter().flat_map(|a| a.exercises);
    exercises
        .into_iter()
        .find(|e| e.id == target.exercise.id)
        .ok_or_else(|| AuthorError::Grading { why: format!("{} is not in the result", target.name()) })
}
