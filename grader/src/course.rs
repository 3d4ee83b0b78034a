//! `course.toml`: which assignments there are, and what they weigh.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use serde::Deserialize;
use thiserror::Error;

use crate::rubric::{Exact, Points, Rubric, RubricError};

/// The file as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseFile {
    /// The course's title.
    pub title: String,
    /// Decimals that points are rounded to, once, at the end.
    pub rounding: u32,
    /// Groups of assignments, in the order in which they are shown.
    #[serde(rename = "group")]
    pub groups: Vec<Group>,
    /// Extra credit.
    pub extra_credit: ExtraCredit,
}

/// Assignments that weigh alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// A name to read.
    pub name: String,
    /// Share of the 100 that the group's assignments have in equal parts.
    pub percent: Points,
    /// Their folders.
    pub assignments: Vec<String>,
}

/// Extra credit comes on top of the 100.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraCredit {
    /// The most that counts, however much is earned.
    pub max: Points,
}

/// A course: its file, and its assignments with their rubrics.
#[derive(Clone, Debug)]
pub struct Course {
    /// The folder that `course.toml` stands in: the workspace.
    pub root: PathBuf,
    /// The file.
    pub file: CourseFile,
    /// In the file's order.
    pub assignments: Vec<Assignment>,
}

/// One assignment: a crate of the workspace.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The folder's name, which is the package's too: `ps1-allocators`.
    pub folder: String,
    /// Points of the 100.
    pub share: Exact,
    /// `None` where the assignment is not written yet.
    pub rubric: Option<Rubric>,
}

impl Assignment {
    /// The short id: the rubric's, or the folder where there is no rubric yet.
    pub fn id(&self) -> &str {
        self.rubric.as_ref().map_or(&self.folder, |r| &r.id)
    }
}

/// Why a course cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum CourseError {
    /// No `course.toml` here or above.
    #[error("no course.toml in {} or a folder above it", start.display())]
    #[diagnostic(help("run this inside the course's workspace, or name it with --course DIR"))]
    NotFound {
        /// Where the search began.
        start: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    #[diagnostic(help("check that the file is there, and that you may read it"))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a course.
    #[error("{} is not a course: {reason}", path.display())]
    #[diagnostic(help(
        "every field of it is described in grader/src/course.rs; correct the file and run this again"
    ))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        reason: String,
    },
    /// One of its rubrics cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Rubric(#[from] RubricError),
}

impl Course {
    /// The course of the workspace that `start` is in.
    pub fn find(start: &Path) -> Result<Course, CourseError> {
        match start.ancestors().find(|d| d.join("course.toml").is_file()) {
            Some(root) => Course::load(root),
            None => Err(CourseError::NotFound { start: start.to_owned() }),
        }
    }

    /// The course in `root`, with every rubric.
    pub fn load(root: &Path) -> Result<Course, CourseError> {
        let path = root.join("course.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|source| CourseError::Read { path: path.clone(), source })?;
        let file = CourseFile::parse(&text)
            .map_err(|reason| CourseError::Malformed { path: path.clone(), reason })?;
        let mut assignments: Vec<Assignment> = Vec::new();
        for group in &file.groups {
            let share = group.percent.exact() / Exact::from_integer(group.assignments.len() as i128);
            for folder in &group.assignments {
                assignments.push(Assignment {
                    folder: folder.clone(),
                    share,
                    rubric: Rubric::load(&root.join(folder))?,
                });
            }
        }
        for (i, a) in assignments.iter().enumerate() {
            if assignments[..i].iter().any(|o| o.id() == a.id()) {
                let reason = format!("two assignments have the id `{}`", a.id());
                return Err(CourseError::Malformed { path, reason });
            }
        }
        Ok(Course { root: root.to_owned(), file, assignments })
    }

    /// Takes from the instructors' checkout at `from` what students' rubrics say of hidden checks by number alone.
    ///
    /// # Errors
    ///
    /// Where a rubric there cannot be used.
    pub fn name_hidden_checks(&mut self, from: &Path) -> Result<(), CourseError> {
        for assignment in &mut self.assignments {
            let Some(theirs) = Rubric::load(&from.join(&assignment.folder))? else { continue };
            for exercise in assignment.rubric.iter_mut().flat_map(|rubric| &mut rubric.exercises) {
                if let Some(same) = theirs.exercise(&exercise.id) {
                    exercise.titles.clone_from(&same.titles);
                    exercise.exact.clone_from(&same.exact);
                }
            }
        }
        Ok(())
    }

    /// The assignment of that folder name or short id.
    pub fn assignment(&self, name: &str) -> Option<&Assignment> {
        self.assignments.iter().find(|a| a.folder == name || a.id() == name)
    }
}

impl CourseFile {
    /// The course that `text` is, or what is wrong with it.
    pub fn parse(text: &str) -> Result<CourseFile, String> {
        let file: CourseFile = toml::from_str(text).map_err(|e| e.to_string().trim_end().to_owned())?;
        file.validate()?;
        Ok(file)
    }

    fn validate(&self) -> Result<(), String> {
        if self.rounding > 6 {
            return Err(format!("rounding = {} is more than 6 decimals", self.rounding));
        }
        let sum: Exact = self.groups.iter().map(|g| g.percent.exact()).sum();
        if sum != Exact::from_integer(100) {
            return Err(format!("the groups' percents sum to {sum}, not to 100"));
        }
        let mut seen: Vec<&str> = Vec::new();
        for group in &self.groups {
            if group.assignments.is_empty() {
                return Err(format!("group `{}` has no assignments", group.name));
            }
            for folder in &group.assignments {
                let plain = folder.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                if folder.is_empty() || !plain {
                    return Err(format!("`{folder}` is no folder name of an assignment"));
                }
                if seen.contains(&folder.as_str()) {
                    return Err(format!("assignment `{folder}` is listed twice"));
                }
                seen.push(folder);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: &str = r#"
        title = "C"
        rounding = 2
        [[group]]
        name = "Problem sets"
        percent = 70
        assignments = ["ps1", "ps2"]
        [[group]]
        name = "Labs"
        percent = 30
        assignments = ["lab1"]
        [extra_credit]
        max = 10
    "#;

    #[test]
    fn what_is_wrong_with_a_course_is_said() {
        assert!(CourseFile::parse(COURSE).is_ok());
        for (find, replace, said) in [
            ("percent = 30", "percent = 20", "sum to 90"),
            ("\"lab1\"", "\"ps1\"", "listed twice"),
            ("\"lab1\"", "\"../ps1\"", "no folder name"),
            ("[\"lab1\"]", "[]", "has no assignments"),
            ("rounding = 2", "rounding = 9", "more than 6"),
            ("max = 10", "most = 10", "unknown field"),
        ] {
            let error = CourseFile::parse(&COURSE.replace(find, replace)).unwrap_err();
            assert!(error.contains(said), "{replace}: {error}");
        }
    }
}
