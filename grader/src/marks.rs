//! Marks: what an assignment's outcomes come to, with points still exact beside those that are shown.
//!
//! It knows verdicts and points, and nothing of how they were found.

use std::collections::BTreeMap;

use crate::course::{Assignment, Course};
use crate::judges::{Check, Judges};
use crate::result::{AssignmentResult, CheckResult, ExerciseResult, Note, Tally, Topic, legible};
use crate::rubric::{Exact, Exercise, Rubric};
use crate::run::Outcome;
use crate::scope::Scope;
use crate::score::{self, Counted, Counts, ExactTally};
use crate::verdict::Verdict;

/// An assignment's result, with its points still exact.
#[derive(Debug)]
pub struct Graded {
    /// The result.
    pub result: AssignmentResult,
    /// Points of the 100.
    pub tally: ExactTally,
    /// Extra credit, not capped yet.
    pub extra: ExactTally,
    /// Whether anything of it was to be built.
    pub tried: bool,
    /// Why the course's own files do not build.
    pub broken: Option<String>,
    /// What a reader should know.
    pub notes: Vec<Note>,
}

/// Why an exercise does not get as far as its checks.
#[derive(Clone, Debug)]
pub struct Block {
    /// The verdict of the exercise and of each of its checks.
    pub verdict: Verdict,
    /// The policy's or the compiler's words.
    pub message: String,
}

/// Rounds a tally's points, each from its exact value.
pub fn tally(exact: ExactTally, decimals: u32) -> Tally {
    Tally {
        score: score::round(exact.score, decimals),
        max: score::round(exact.max, decimals),
        visible: score::round(exact.visible(), decimals),
        hidden: score::round(exact.hidden, decimals),
        undecided: score::round(exact.undecided, decimals),
    }
}

/// The marks of an assignment whose checks ran, `outcomes` by the check's place in `judges`.
pub fn marks(
    course: &Course,
    scope: &Scope,
    assignment: &Assignment,
    rubric: &Rubric,
    blocks: &BTreeMap<String, Block>,
    judges: &Judges,
    mut outcomes: BTreeMap<usize, Outcome>,
) -> Graded {
    let decimals = course.file.rounding;
    let mut sums = [ExactTally::default(); 2];
    let mut exercises = Vec::new();
    for exercise in rubric.exercises.iter().filter(|e| scope.has(assignment, e)) {
        let block = blocks.get(&exercise.id);
        let mut checks: Vec<(usize, &Check)> = judges
            .checks
            .iter()
            .enumerate()
            .filter(|(_, c)| c.exercise == exercise.id && exercise.published)
            .collect();
        checks.sort_by_key(|(at, c)| (c.kind, c.visibility, *at));
        let found: Vec<Outcome> = checks
            .iter()
            .map(|(at, _)| {
                outcomes.remove(at).unwrap_or_else(|| match block {
                    Some(block) => Outcome::of(block.verdict, String::new()),
                    None => Outcome::of(Verdict::GraderBroke, "The check was not run.".into()),
                })
            })
            .collect();
        let counted: Vec<Counted> = checks.iter().zip(&found).map(|((_, c), o)| counted(c, o)).collect();
        let worth = score::worth(exercise, &rubric.exercises, assignment.share);
        let scored = score::exercise(exercise, worth, &counted, judges.hidden_absent);
        let sum = &mut sums[usize::from(exercise.extra_credit)];
        *sum = sum.plus(scored.tally);
        let verdict = match block {
            Some(block) => block.verdict,
            None => Verdict::of_all(found.iter().map(|o| o.verdict)).unwrap_or(Verdict::NotAttempted),
        };
        let results = checks.iter().zip(found).zip(&scored.checks).map(|(((_, check), outcome), points)| {
            check_result(assignment, exercise, check, outcome, *points, decimals)
        });
        exercises.push(ExerciseResult {
            id: exercise.id.clone(),
            title: exercise.title.clone(),
            file: exercise.file.clone(),
            extra_credit: exercise.extra_credit,
            published: exercise.published,
            verdict,
            message: block.map_or_else(String::new, |b| legible(&b.message)),
            tally: tally(scored.tally, decimals),
            kinds: scored.kinds.into_iter().map(|(kind, exact)| (kind, tally(exact, decimals))).collect(),
            checks: results.collect(),
        });
    }
    let [total, extra] = sums;
    let mut notes = Vec::new();
    if !judges.strangers.is_empty() {
        let text = format!(
            "{} has tests that belong to no exercise and kind, and are not run: {}.",
            assignment.folder,
            judges.strangers.join(", ")
        );
        notes.push(Note { topic: Topic::Course, text });
    }
    Graded {
        result: AssignmentResult {
            id: assignment.folder.clone(),
            short: assignment.id().to_owned(),
            title: rubric.title.clone(),
            tally: tally(total, decimals),
            exercises,
        },
        tally: total,
        extra,
        tried: false,
        broken: None,
        notes,
    }
}

/// An assignment of which nothing could be judged: all points undecided, none lost.
pub fn broken(
    course: &Course,
    scope: &Scope,
    assignment: &Assignment,
    rubric: &Rubric,
    said: String,
) -> Graded {
    let decimals = course.file.rounding;
    let mut sums = [ExactTally::default(); 2];
    let mut exercises = Vec::new();
    for exercise in rubric.exercises.iter().filter(|e| scope.has(assignment, e)) {
        let max = score::worth(exercise, &rubric.exercises, assignment.share);
        let undecided = ExactTally { max, undecided: max, ..ExactTally::default() };
        let sum = &mut sums[usize::from(exercise.extra_credit)];
        *sum = sum.plus(undecided);
        exercises.push(ExerciseResult {
            id: exercise.id.clone(),
            title: exercise.title.clone(),
            file: exercise.file.clone(),
            extra_credit: exercise.extra_credit,
            published: exercise.published,
            verdict: Verdict::GraderBroke,
            message: said.clone(),
            tally: tally(undecided, decimals),
            kinds: BTreeMap::new(),
            checks: Vec::new(),
        });
    }
    let [total, extra] = sums;
    Graded {
        result: AssignmentResult {
            id: assignment.folder.clone(),
            short: assignment.id().to_owned(),
            title: rubric.title.clone(),
            tally: tally(total, decimals),
            exercises,
        },
        tally: total,
        extra,
        tried: true,
        broken: Some(said),
        notes: Vec::new(),
    }
}

/// An assignment without a rubric yet: its points stand, and nobody has any.
pub fn unwritten(assignment: &Assignment, decimals: u32) -> Graded {
    let total = ExactTally { max: assignment.share, ..ExactTally::default() };
    Graded {
        result: AssignmentResult {
            id: assignment.folder.clone(),
            short: assignment.id().to_owned(),
            title: assignment.folder.clone(),
            tally: tally(total, decimals),
            exercises: Vec::new(),
        },
        tally: total,
        extra: ExactTally::default(),
        tried: false,
        broken: None,
        notes: Vec::new(),
    }
}

fn counted(check: &Check, outcome: &Outcome) -> Counted {
    let counts = match outcome.verdict {
        Verdict::GraderBroke => Counts::Undecided,
        _ if outcome.left_out => Counts::LeftOut,
        _ => Counts::Credit(score::credit(outcome.credit)),
    };
    Counted { kind: check.kind, visibility: check.visibility, counts }
}

fn check_result(
    assignment: &Assignment,
    exercise: &Exercise,
    check: &Check,
    outcome: Outcome,
    (earned, max): (Exact, Exact),
    decimals: u32,
) -> CheckResult {
    let mut measures = outcome.measures;
    for (name, measured) in &mut measures {
        if let Some(threshold) = exercise.measures.get(name) {
            (measured.full, measured.zero) = (Some(threshold.full), Some(threshold.zero));
            measured.unit.clone_from(&threshold.unit);
        }
    }
    CheckResult {
        id: check.id(assignment.id()),
        title: exercise.title_of(check.kind, &check.name),
        kind: check.kind,
        visibility: check.visibility,
        verdict: outcome.verdict,
        score: score::round(earned, decimals),
        max: score::round(max, decimals),
        left_out: outcome.left_out || outcome.verdict.is_ours(),
        seconds: outcome.seconds,
        measures,
        message: legible(&outcome.message),
        program: outcome.program.as_deref().map(legible),
        seed: outcome.seed,
    }
}
