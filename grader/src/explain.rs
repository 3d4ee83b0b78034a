//! `cargo grade explain`: one check, what it said last, and how to run it alone.
//!
//! It reads the report of the last run as a student may see it, so it can tell no more than that does.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::course::Course;
use crate::grade::work_folder;
use crate::report::alone;
use crate::result::{AssignmentResult, CheckResult, CourseResult};
use crate::rubric::Kind;
use crate::scope::Scope;
use crate::sources;
use crate::verdict::Verdict;

/// Why there is nothing to explain.
#[derive(Debug, Error, Diagnostic)]
pub enum ExplainError {
    /// Nothing was graded yet.
    #[error("there is no report at {}", path.display())]
    #[diagnostic(help("grade first: `cargo grade`"))]
    NoReport {
        /// Where it would be.
        path: PathBuf,
    },
    /// The report is another version's.
    #[error("{} cannot be read: {why}", path.display())]
    #[diagnostic(help("grade again: `cargo grade`"))]
    OldReport {
        /// The report.
        path: PathBuf,
        /// What is wrong with it.
        why: serde_json::Error,
    },
    /// The last run was of something else.
    #[error("the last run graded {graded}, and `{asked}` is a check of {exercise}")]
    #[diagnostic(help("grade that first: `cargo grade {exercise}`"))]
    NotGraded {
        /// What was asked for.
        asked: String,
        /// As in `ps1/pool`.
        exercise: String,
        /// What was graded.
        graded: String,
    },
    /// A hidden check.
    #[error("`{asked}` is a hidden check of {exercise}: {title}")]
    #[diagnostic(help("its title is all that there is to know of it"))]
    Hidden {
        /// What was asked for.
        asked: String,
        /// As in `ps1/pool`.
        exercise: String,
        /// What may be read of it.
        title: String,
    },
    /// No check of the last run is called that.
    #[error("the last run graded {graded}, and has no check `{asked}`")]
    #[diagnostic(help("{}", nearest(near)))]
    Unknown {
        /// What was asked for.
        asked: String,
        /// What was graded.
        graded: String,
        /// Checks whose names hold a word of it.
        near: Vec<String>,
    },
    /// Several are.
    #[error("`{asked}` names {} checks of the last run", found.len())]
    #[diagnostic(help("say which: {}", found.join(", ")))]
    Several {
        /// What was asked for.
        asked: String,
        /// Their ids.
        found: Vec<String>,
    },
}

fn nearest(near: &[String]) -> String {
    match near {
        [] => "the table of `cargo grade` names those that failed, and its HTML report all".to_owned(),
        near => format!("is it {}?", near.join(", or ")),
    }
}

/// What there is to tell of the check that `asked` names: an id, or the end or a part of one.
///
/// # Errors
///
/// Where nothing was graded, or no check or more than one is called that.
pub fn explain(course: &Course, asked: &str) -> Result<String, ExplainError> {
    let path = work_folder(course).join("report.json");
    let text = std::fs::read(&path).map_err(|_| ExplainError::NoReport { path: path.clone() })?;
    let result: CourseResult =
        serde_json::from_slice(&text).map_err(|why| ExplainError::OldReport { path, why })?;
    let (assignment, check) = find(&result, asked).map_err(|error| match error {
        ExplainError::Unknown { .. } => elsewhere(course, &result, asked).unwrap_or(error),
        error => error,
    })?;
    Ok(tell(course, assignment, check))
}

/// A check's name, as ids have it.
fn plain(asked: &str) -> String {
    asked.replace("::", "/").replace(' ', "_")
}

/// What the run was of.
fn graded(result: &CourseResult) -> String {
    if result.scope.is_empty() { "everything".to_owned() } else { result.scope.join(", ") }
}

/// Why the last run does not have a check of the course.
fn elsewhere(course: &Course, result: &CourseResult, asked: &str) -> Option<ExplainError> {
    let scope = Scope::parse(&result.scope, course).ok()?;
    let wanted = plain(asked);
    let (place, name) = wanted.rsplit_once('/').unwrap_or(("", &wanted));
    for assignment in &course.assignments {
        for exercise in assignment.rubric.iter().flat_map(|rubric| &rubric.exercises) {
            let whose = format!("{}/{}", assignment.id(), exercise.id);
            // `ps1/pool/property`, or as much of its end as was asked for.
            let is_meant =
                |kind: &str| place.is_empty() || format!("/{whose}/{kind}").ends_with(&format!("/{place}"));
            let mut kinds = Kind::ALL.into_iter().filter(|kind| is_meant(kind.name()));
            let public = kinds.any(|kind| sources::find(course, assignment, exercise, kind, name).is_some());
            if public && !scope.has(assignment, exercise) {
                let (asked, graded) = (asked.to_owned(), graded(result));
                return Some(ExplainError::NotGraded { asked, exercise: whose, graded });
            }
            let hidden = exercise.titles.iter().find(|(check, title)| {
                let named = check.split_once("::").is_some_and(|(kind, it)| it == name && is_meant(kind));
                !public && (named || title.eq_ignore_ascii_case(asked))
            });
            if let Some((_, title)) = hidden {
                let (asked, title) = (asked.to_owned(), title.clone());
                return Some(ExplainError::Hidden { asked, exercise: whose, title });
            }
        }
    }
    None
}

fn find<'a>(
    result: &'a CourseResult,
    asked: &str,
) -> Result<(&'a AssignmentResult, &'a CheckResult), ExplainError> {
    let wanted = plain(asked);
    let all = || result.checks().map(|(assignment, _, check)| (assignment, check));
    let exact: Vec<_> = all().filter(|(_, check)| check.id == wanted).collect();
    let ends = || all().filter(|(_, check)| check.id.ends_with(&format!("/{wanted}"))).collect::<Vec<_>>();
    let holds = || all().filter(|(_, check)| check.id.contains(&wanted)).collect::<Vec<_>>();
    let titled = || all().filter(|(_, check)| check.title.eq_ignore_ascii_case(asked)).collect::<Vec<_>>();
    let found =
        [exact, ends(), titled(), holds()].into_iter().find(|found| !found.is_empty()).unwrap_or_default();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let words: Vec<&str> = wanted.split(['/', '_']).filter(|word| word.len() > 3).collect();
            let shared = |check: &CheckResult| words.iter().filter(|word| check.id.contains(*word)).count();
            let most = all().map(|(_, check)| shared(check)).max().unwrap_or(0);
            let near = all().filter(|(_, check)| most > 0 && shared(check) == most);
            let near = near.take(3).map(|(_, check)| check.id.clone()).collect();
            Err(ExplainError::Unknown { asked: asked.to_owned(), graded: graded(result), near })
        }
        several => {
            let found = several.iter().map(|(_, check)| check.id.clone()).collect();
            Err(ExplainError::Several { asked: asked.to_owned(), found })
        }
    }
}

fn tell(course: &Course, assignment: &AssignmentResult, check: &CheckResult) -> String {
    let mut out = format!("{}\n  {}: {}\n", check.id, check.kind.name(), check.title);
    if let Some(place) = source(course, assignment, check) {
        out.push_str(&format!("  its code: {place}\n"));
    }
    out.push_str(&format!("  the last run: {}", check.verdict.words()));
    if check.max > 0.0 {
        out.push_str(&format!(", {:.2} of {:.2} points", check.score, check.max));
    }
    out.push('\n');
    for (name, measured) in &check.measures {
        let interval = measured.low.zip(measured.high);
        let interval = interval.map_or(String::new(), |(low, high)| format!(" ({low:.2} to {high:.2})"));
        out.push_str(&format!("  {name}: {:.3}{interval} {}\n", measured.value, measured.unit));
    }
    for part in [Some(&check.message), check.program.as_ref()].into_iter().flatten() {
        if !part.is_empty() {
            out.push_str(&format!("\n{}\n", part.trim_end()));
        }
    }
    if let Some(seed) = &check.seed {
        out.push_str(&format!("\nseed: {seed}\n"));
    }
    match alone(&assignment.id, check) {
        Some(command) => out.push_str(&format!("\nto run it alone: {command}\n")),
        None => out.push_str("\nIt is hidden: its title is all that there is to know of it.\n"),
    }
    if check.verdict == Verdict::Passed {
        out.push_str("\nIt passed: there is nothing to mend.\n");
    }
    out
}

/// File and line of a public check's code, where the tree has it.
fn source(course: &Course, assignment: &AssignmentResult, check: &CheckResult) -> Option<String> {
    let mut parts = check.id.split('/').skip(1);
    let (exercise, _, name) = (parts.next()?, parts.next()?, parts.next()?);
    let assignment = course.assignment(&assignment.id)?;
    let exercise = assignment.rubric.as_ref()?.exercise(exercise)?;
    sources::find(course, assignment, exercise, check.kind, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::report::view::{self, Reader};

    fn id(asked: &str) -> Result<String, String> {
        find(&sample::mixed(), asked).map(|(_, check)| check.id.clone()).map_err(|error| {
            let help = error.help().map(|help| help.to_string()).unwrap_or_default();
            format!("{error}; {help}")
        })
    }

    #[test]
    fn a_check_is_found_by_its_id_its_name_or_a_part_that_only_it_has() {
        let whole = "ps1/buddy/correctness/blocks_tile_the_region";
        for asked in
            [whole, "blocks_tile_the_region", "blocks tile the region", "buddy::correctness::blocks", "tile"]
        {
            assert_eq!(id(asked).as_deref(), Ok(whole), "{asked}");
        }
    }

    #[test]
    fn what_names_none_or_several_is_told_with_what_there_is() {
        assert!(id("buddy/correctness").unwrap_err().starts_with("`buddy/correctness` names 4 checks"));
        assert!(
            id("blocks_tile_a_garden")
                .unwrap_err()
                .contains("is it ps1/buddy/correctness/blocks_tile_the_region")
        );
        let nothing = id("nothing").unwrap_err();
        assert!(nothing.starts_with("the last run graded ps1, and has no check `nothing`"), "{nothing}");
        assert!(nothing.contains("the table of"), "{nothing}");
    }

    #[test]
    fn a_hidden_check_is_found_by_its_title() {
        let seen = view::of(&sample::mixed(), Reader::Student).into_owned();
        let (_, check) = find(&seen, "top-order blocks are kept").unwrap();
        assert_eq!(check.id, "ps1/buddy/correctness/hidden-1");
    }
}
