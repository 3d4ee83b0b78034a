//! The one model that every report is made from.
//!
//! Points in it are already rounded (once, from exact values), so a report only lays them out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::record::Measured;
use crate::rubric::{Kind, Visibility};
use crate::verdict::Verdict;

/// The version of the JSON that [`CourseResult`] serialises to.
pub const SCHEMA: u32 = 1;

/// What a grading run found, from the total down to each check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CourseResult {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The course's title.
    pub title: String,
    /// What was asked for: empty for everything, else `ps1` or `ps1/buddy`.
    pub scope: Vec<String>,
    /// Over what was graded: `max` is 100 where that is the whole course.
    pub total: Tally,
    /// Extra credit, apart from the total. `max` is the course's cap.
    pub extra_credit: Tally,
    /// In the order of the course.
    pub assignments: Vec<AssignmentResult>,
    /// What a reader should know of the run as a whole.
    pub notes: Vec<Note>,
    /// The sandbox level that was reached, as a word or two: `unsandboxed`.
    pub sandbox: String,
    /// The compiler, as it names itself.
    pub toolchain: String,
    /// Hash of the listed files.
    pub submission: String,
    /// Hash of the course: everything that a submission does not bring.
    pub course: String,
    /// Wall clock of the whole run.
    pub seconds: f64,
}

/// Points: earned, and out of how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Earned.
    pub score: f64,
    /// Attainable, hidden and undecided points included.
    pub max: f64,
    /// Attainable by what was run here: `max - hidden - undecided`.
    pub visible: f64,
    /// Points of hidden checks that are absent here: neither earned nor lost.
    pub hidden: f64,
    /// Points of checks on which the grader broke: neither earned nor lost, to be run again.
    pub undecided: f64,
}

/// One assignment: a crate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssignmentResult {
    /// The folder's name: `ps1-allocators`.
    pub id: String,
    /// The short id, which checks begin with: `ps1`. Equal to `id` where there is no rubric yet.
    pub short: String,
    /// A title to read.
    pub title: String,
    /// Points of the course, extra credit left out.
    #[serde(flatten)]
    pub tally: Tally,
    /// In the rubric's order. Empty where the assignment has no rubric yet.
    pub exercises: Vec<ExerciseResult>,
}

/// One exercise: a listed file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExerciseResult {
    /// The module's name: `buddy`.
    pub id: String,
    /// A title to read.
    pub title: String,
    /// The listed file, within the assignment: `src/buddy.rs`.
    pub file: String,
    /// Whether its points are extra credit.
    pub extra_credit: bool,
    /// Whether it has checks yet.
    pub published: bool,
    /// The verdict to show for the exercise as a whole.
    pub verdict: Verdict,
    /// Why the exercise did not get as far as its checks: the policy's or the compiler's words. Else empty.
    pub message: String,
    /// Points of the course.
    #[serde(flatten)]
    pub tally: Tally,
    /// Points of the course by kind, each the exact sum, rounded.
    pub kinds: BTreeMap<Kind, Tally>,
    /// In the order in which they are shown: kind by kind, public before hidden.
    pub checks: Vec<CheckResult>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// `ps1/buddy/correctness/freeing_both_buddies_restores_the_parent_block`.
    pub id: String,
    /// What a student may read of it.
    pub title: String,
    /// Its kind.
    pub kind: Kind,
    /// Public or hidden.
    pub visibility: Visibility,
    /// What came of it.
    pub verdict: Verdict,
    /// Points of the course earned.
    pub score: f64,
    /// Points of the course attainable.
    pub max: f64,
    /// Whether it is left out of the score: the platform lacks what it takes, or the grader broke.
    pub left_out: bool,
    /// Wall clock of the check.
    pub seconds: f64,
    /// What was measured, by name.
    pub measures: BTreeMap<String, Measured>,
    /// What was done, expected and seen.
    pub message: String,
    /// Rust source of the shortest failing program.
    pub program: Option<String>,
    /// The seed that it ran on.
    pub seed: Option<String>,
}

/// Something to know about a run that is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it is about.
    pub topic: Topic,
    /// A sentence, which may hold several lines.
    pub text: String,
}

/// What a [`Note`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Files of the submission that were not read.
    Ignored,
    /// Something about the machine or the grader.
    Grader,
    /// Something about the course's own files.
    Course,
}

/// The longest text that a report shows in one place, in characters.
const LONGEST: usize = 20_000;

/// A text as reports may show it. What a submission says or names its files may hold anything: control characters,
/// which a terminal obeys and XML cannot hold, and those that turn the direction of what follows, are replaced, and
/// what is too long to read is cut.
pub fn legible(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let obeyed = |c: char| turns(c) || c.is_control() && c != '\n' && c != '\t';
    let shown = |c: char| if obeyed(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut legible: String = text.chars().map(shown).take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        legible.push('…');
    }
    legible
}

impl CourseResult {
    /// Every check of the run with its exercise and assignment.
    pub fn checks(&self) -> impl Iterator<Item = (&AssignmentResult, &ExerciseResult, &CheckResult)> {
        self.assignments
            .iter()
            .flat_map(|a| a.exercises.iter().flat_map(move |e| e.checks.iter().map(move |c| (a, e, c))))
    }

    /// Whether any verdict is the grader's own fault.
    pub fn is_broken(&self) -> bool {
        self.assignments
            .iter()
            .flat_map(|a| &a.exercises)
            .any(|e| e.verdict.is_ours() || e.checks.iter().any(|c| c.verdict.is_ours()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminals_commands_are_replaced_and_what_is_too_long_is_cut() {
        assert_eq!(legible("a\u{1b}[2J\r\0b\n\tc"), "a\u{fffd}[2J\u{fffd}\u{fffd}b\n\tc");
        assert_eq!(legible("\u{202e}001 fo 0\u{2069}"), "\u{fffd}001 fo 0\u{fffd}");
        assert_eq!(legible(&"x".repeat(LONGEST)).chars().count(), LONGEST);
        assert_eq!(legible(&"x".repeat(LONGEST + 9)).chars().count(), LONGEST + 1);
    }
}
