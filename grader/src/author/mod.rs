//! What authors of the course use: `cargo grade author …`.
//!
//! | command | module |
//! | --- | --- |
//! | `sync` | [`markers`] says what a skeleton is, [`sync`] where it stands |
//! | `check`, `mutants` | [`mutants`] makes wrong answers, [`check`] judges the course by them |
//! | `attacks` | [`attacks`] tries submissions that mean ill |
//! | `calibrate` | [`calibrate`] measures the reference against the rubric's thresholds |
//! | `stage` | [`stage`] lays the reference out for an editor |
//! | `handout` | [`handout`] lays out what students receive |
//! | `new` | [`new`] lays out a new exercise |
//!
//! A command prints what it did and what there is to mend; an [`AuthorError`] means that it could not go
//! on.

pub mod attacks;
pub mod calibrate;
pub mod check;
pub mod handout;
pub mod markers;
pub mod mutants;
pub mod new;
pub mod stage;
pub mod sync;

mod command;
mod error;

use std::io::Write;
use std::path::PathBuf;

pub use command::{Command, Outcome, run};
pub use error::AuthorError;

use crate::course::{Assignment, Course};
use crate::rubric::Exercise;

/// One exercise, with all that its files' places depend on.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The course.
    pub course: &'a Course,
    /// The exercise's assignment.
    pub assignment: &'a Assignment,
    /// The exercise.
    pub exercise: &'a Exercise,
}

impl Target<'_> {
    /// `ps1/buddy`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.assignment.id(), self.exercise.id)
    }

    /// The marked solution, within the course: `solutions/ps1-allocators/src/buddy.rs`.
    pub fn solution(&self) -> PathBuf {
        ["solutions", &self.assignment.folder, &self.exercise.file].iter().collect()
    }

    /// The listed file, within the course.
    pub fn listed(&self) -> PathBuf {
        [&self.assignment.folder, &self.exercise.file].iter().collect()
    }

    /// The pristine skeleton, within the course.
    pub fn skeleton(&self) -> PathBuf {
        [&self.assignment.folder, "skeleton", &format!("{}.rs", self.exercise.id)].iter().collect()
    }

    /// The folder of the exercise's mutants, within the course.
    pub fn mutants(&self) -> PathBuf {
        ["solutions", &self.assignment.folder, "mutants", &self.exercise.id].iter().collect()
    }

    /// A file of the course as text; `None` where there is none.
    pub(crate) fn text(&self, within: &std::path::Path) -> Result<Option<String>, AuthorError> {
        let path = self.course.root.join(within);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(AuthorError::at("read", &path)(source)),
        }
    }
}

/// The exercises that `what` names: none for all, `ps1`, `ps1/buddy` or the folder's name in place of `ps1`.
///
/// # Errors
///
/// Where it names nothing of the course.
pub fn targets<'a>(course: &'a Course, what: Option<&str>) -> Result<Vec<Target<'a>>, AuthorError> {
    let (wanted, part) = match what {
        None => (None, None),
        Some(what) => match what.trim_end_matches('/').split_once('/') {
            Some((assignment, exercise)) => (Some(assignment), Some(exercise)),
            None => (Some(what.trim_end_matches('/')), None),
        },
    };
    let all = course.assignments.iter().flat_map(|assignment| {
        assignment.rubric.iter().flat_map(|r| &r.exercises).map(move |exercise| Target {
            course,
            assignment,
            exercise,
        })
    });
    let found: Vec<Target> = all
        .clone()
        .filter(|t| wanted.is_none_or(|w| w == t.assignment.id() || w == t.assignment.folder))
        .filter(|t| part.is_none_or(|p| p == t.exercise.id))
        .collect();
    match what {
        Some(what) if found.is_empty() => Err(AuthorError::Unknown {
            what: what.to_owned(),
            known: all.map(|t| t.name()).collect::<Vec<_>>().join(", "),
        }),
        _ => Ok(found),
    }
}

/// Prints a list of what to mend, numbered, and nothing where there is nothing.
fn to_mend(list: &[String], out: &mut dyn Write) -> std::io::Result<()> {
    if !list.is_empty() {
        let things = if list.len() == 1 { "thing" } else { "things" };
        writeln!(out, "{} {things} to mend:", list.len())?;
    }
    for (index, sentence) in list.iter().enumerate() {
        writeln!(out, "{:>3}. {sentence}", index + 1)?;
    }
    Ok(())
}
