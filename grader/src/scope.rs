//! What is asked for: the whole course, assignments, or single exercises.

use std::collections::BTreeSet;

use miette::Diagnostic;
use thiserror::Error;

use crate::course::{Assignment, Course};
use crate::rubric::Exercise;

/// What to grade, as it was named; empty for everything.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// As it was written.
    pub named: Vec<String>,
    // Assignment's folder and, where it is a single exercise, its id.
    parts: BTreeSet<(String, Option<String>)>,
}

/// A name that is nothing of the course's.
#[derive(Debug, Error, Diagnostic)]
#[error("there is no {what} in this course")]
#[diagnostic(help("{help}"))]
pub struct UnknownName {
    what: String,
    help: String,
}

impl Scope {
    /// What `named` means: each an assignment's id or folder (`ps1`, `ps1-allocators`), or an exercise of
    /// one (`ps1/buddy`).
    pub fn parse(named: &[String], course: &Course) -> Result<Scope, UnknownName> {
        let mut parts = BTreeSet::new();
        for name in named {
            // Shells complete folders with a slash.
            let trimmed = name.trim_end_matches('/');
            let (assignment, exercise) = match trimmed.split_once('/') {
                Some((assignment, exercise)) => (assignment, Some(exercise)),
                None => (trimmed, None),
            };
            let Some(found) = course.assignment(assignment) else {
                let ids: Vec<&str> = course.assignments.iter().map(Assignment::id).collect();
                return Err(UnknownName {
                    what: format!("assignment `{assignment}`"),
                    help: format!("name one of these: {}", ids.join(", ")),
                });
            };
            if let Some(exercise) = exercise {
                let all = || found.rubric.iter().flat_map(|r| &r.exercises);
                if !all().any(|e| e.id == exercise) {
                    let ids: Vec<String> = all().map(|e| format!("{}/{}", found.id(), e.id)).collect();
                    let help = if ids.is_empty() {
                        format!("{} is not published yet", found.id())
                    } else {
                        format!("name one of these: {}", ids.join(", "))
                    };
                    return Err(UnknownName { what: format!("exercise `{trimmed}`"), help });
                }
            }
            parts.insert((found.folder.clone(), exercise.map(str::to_owned)));
        }
        Ok(Scope { named: named.to_vec(), parts })
    }

    /// The assignments of which anything is asked for.
    pub fn assignments<'c>(&self, course: &'c Course) -> Vec<&'c Assignment> {
        let asked = |a: &&Assignment| self.parts.is_empty() || self.parts.iter().any(|(f, _)| *f == a.folder);
        course.assignments.iter().filter(asked).collect()
    }

    /// Whether that exercise is asked for.
    pub fn has(&self, assignment: &Assignment, exercise: &Exercise) -> bool {
        self.parts.is_empty()
            || self.parts.iter().any(|(folder, id)| {
                *folder == assignment.folder && id.as_ref().is_none_or(|id| *id == exercise.id)
            })
    }

    /// The exercise that is asked for, where it is a single one.
    ///
    /// # Errors
    ///
    /// Where more is asked for, with the exercises that there are.
    pub fn only_exercise<'c>(
        &self,
        course: &'c Course,
    ) -> Result<(&'c Assignment, &'c Exercise), UnknownName> {
        let all = || {
            let asked = self.assignments(course).into_iter();
            asked.flat_map(|a| a.rubric.iter().flat_map(move |r| r.exercises.iter().map(move |e| (a, e))))
        };
        let mut found = all().filter(|(assignment, exercise)| self.has(assignment, exercise));
        match (found.next(), found.next()) {
            (Some(one), None) => Ok(one),
            _ => {
                let ids: Vec<String> = all().map(|(a, e)| format!("{}/{}", a.id(), e.id)).collect();
                Err(UnknownName {
                    what: format!("single exercise `{}`", self.named.join(" ")),
                    help: format!("name one of these: {}", ids.join(", ")),
                })
            }
        }
    }

    /// Whether all of an assignment is asked for.
    pub fn has_all(&self, assignment: &Assignment) -> bool {
        self.parts.is_empty() || self.parts.contains(&(assignment.folder.clone(), None))
    }
}
