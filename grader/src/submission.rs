//! A submission: a folder laid out like the workspace, of which only the listed files are read.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use crate::course::{Assignment, Course};
use crate::rubric::Exercise;
use crate::tree::Hash;

/// The most that a listed file may have. A student's answer has a few kilobytes.
pub const LARGEST_FILE: u64 = 1 << 20;

// A folder of a million files must not hold the grader up.
const MOST_ENTRIES: usize = 2_000;

/// A submission's folder.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The folder.
    pub root: PathBuf,
    /// Whether it is the course's workspace itself.
    pub is_course: bool,
}

/// What became of reading one listed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Its text.
    Present(String),
    /// There is none, and why that is thought.
    Missing(String),
    /// It is there and cannot be compiled as it is: why.
    Unreadable(String),
    /// It is there and is not taken: why.
    Refused(String),
}

/// Why a submission cannot be graded at all.
#[derive(Debug, Error, Diagnostic)]
pub enum SubmissionError {
    /// No such folder.
    #[error("there is no folder {}", path.display())]
    #[diagnostic(help(
        "name the folder that holds the assignments' folders, as in --submission DIR where DIR/{example} exists"
    ))]
    NoFolder {
        /// What was named.
        path: PathBuf,
        /// An assignment of the course.
        example: String,
    },
    /// A folder without any assignment in it.
    #[error("{} holds none of the assignments that were asked for: {looked_for}", path.display())]
    #[diagnostic(help(
        "a submission is laid out like the workspace; name the folder that the assignments' folders are in"
    ))]
    NoAssignment {
        /// What was named.
        path: PathBuf,
        /// The folders that were looked for.
        looked_for: String,
    },
}

impl Submission {
    /// The submission in `folder`, of which `assignments` are asked for.
    pub fn open(
        folder: &Path,
        course: &Course,
        assignments: &[&Assignment],
    ) -> Result<Submission, SubmissionError> {
        let example = course.assignments.first().map_or_else(String::new, |a| a.folder.clone());
        let path = folder.to_owned();
        let Ok(root) = folder.canonicalize() else {
            return Err(SubmissionError::NoFolder { path, example });
        };
        if !root.is_dir() {
            return Err(SubmissionError::NoFolder { path, example });
        }
        if !assignments.iter().any(|a| root.join(&a.folder).is_dir()) {
            let names: Vec<&str> = assignments.iter().map(|a| a.folder.as_str()).collect();
            return Err(SubmissionError::NoAssignment { path, looked_for: names.join(", ") });
        }
        let is_course = course.root.canonicalize().is_ok_and(|c| c == root);
        Ok(Submission { root, is_course })
    }

    /// Reads an exercise's listed file.
    pub fn read(&self, assignment: &Assignment, exercise: &Exercise) -> Listed {
        let within = Path::new(&assignment.folder).join(&exercise.file);
        // Links are looked for in every part of the path: a linked folder leads out as well as a linked file.
        let mut path = self.root.clone();
        let mut meta = None;
        for part in within.components() {
            path.push(part);
            match std::fs::symlink_metadata(&path) {
                Ok(m) if m.file_type().is_symlink() => {
                    return Listed::Refused(format!(
                        "{} is a symbolic link, and only regular files are read. Put the file itself there.",
                        shown(&path, &self.root)
                    ));
                }
                Ok(m) => meta = Some(m),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    return Listed::Missing(format!(
                        "{} is not in the submission. Its skeleton is {}/skeleton/{}.rs.",
                        within.display(),
                        assignment.folder,
                        exercise.id
                    ));
                }
                Err(e) => return Listed::Unreadable(format!("{} cannot be read: {e}.", within.display())),
            }
        }
        match meta {
            Some(m) if !m.is_file() => {
                Listed::Refused(format!("{} is no regular file, and only these are read.", within.display()))
            }
            Some(m) if m.len() > LARGEST_FILE => Listed::Refused(format!(
                "{} has {} bytes; at most {LARGEST_FILE} are read.",
                within.display(),
                m.len()
            )),
            _ => match std::fs::read(&path) {
                Ok(bytes) => text(bytes, &within),
                Err(e) => Listed::Unreadable(format!("{} cannot be read: {e}.", within.display())),
            },
        }
    }

    /// What the submission holds beside the listed files, where it differs from the course's own: it is not
    /// read, and a student should know. Nothing where the submission is the workspace itself.
    pub fn ignored(&self, course: &Course, assignments: &[&Assignment]) -> Vec<String> {
        if self.is_course {
            return Vec::new();
        }
        let mut found = Vec::new();
        for name in
            ["Cargo.toml", "Cargo.lock", "course.toml", "rust-toolchain.toml", "rust-toolchain", "build.rs"]
        {
            let path = Path::new(name);
            if self.root.join(path).is_file() && self.differs(course, path) {
                found.push(name.to_owned());
            }
        }
        if self.root.join(".cargo").is_dir() {
            found.push(".cargo/".to_owned());
        }
        let mut entries = 0;
        for assignment in assignments {
            let listed: Vec<PathBuf> = assignment
                .rubric
                .iter()
                .flat_map(|r| &r.exercises)
                .map(|e| Path::new(&assignment.folder).join(&e.file))
                .collect();
            let mut open = vec![PathBuf::from(&assignment.folder)];
            while let Some(inner) = open.pop() {
                let Ok(read) = std::fs::read_dir(self.root.join(&inner)) else {
                    continue;
                };
                for entry in read.flatten() {
                    entries += 1;
                    if entries > MOST_ENTRIES {
                        found.push(format!("and more than {MOST_ENTRIES} others"));
                        return found;
                    }
                    let at = inner.join(entry.file_name());
                    let Ok(kind) = entry.file_type() else {
                        continue;
                    };
                    if kind.is_dir() && entry.file_name() == "target" {
                        continue;
                    } else if kind.is_dir() && course.root.join(&at).is_dir() {
                        open.push(at);
                    } else if kind.is_dir() {
                        // Named once, where a listed file is not below it.
                        if listed.iter().any(|l| l.starts_with(&at)) {
                            open.push(at);
                        } else {
                            found.push(format!("{}/", at.display()));
                        }
                    } else if !listed.contains(&at) && self.differs(course, &at) {
                        found.push(at.display().to_string());
                    }
                }
            }
        }
        found.sort();
        found
    }

    fn differs(&self, course: &Course, path: &Path) -> bool {
        let here = self.root.join(path);
        let small = std::fs::symlink_metadata(&here).is_ok_and(|m| m.is_file() && m.len() <= LARGEST_FILE);
        match (small, std::fs::read(course.root.join(path))) {
            (true, Ok(theirs)) => std::fs::read(&here).map_or(true, |ours| ours != theirs),
            _ => true,
        }
    }
}

/// A hash of what was read: each listed file's place and state.
pub fn hash<'a>(files: impl Iterator<Item = (&'a str, &'a str, &'a Listed)>) -> String {
    let mut hash = Hash::default();
    for (assignment, exercise, listed) in files {
        hash.part(assignment.as_bytes());
        hash.part(exercise.as_bytes());
        let (state, text): (&[u8], &str) = match listed {
            Listed::Present(text) => (b"present", text),
            Listed::Missing(_) => (b"missing", ""),
            Listed::Unreadable(why) => (b"unreadable", why),
            Listed::Refused(why) => (b"refused", why),
        };
        hash.part(state);
        hash.part(text.as_bytes());
    }
    hash.hex()
}

fn text(bytes: Vec<u8>, path: &Path) -> Listed {
    match String::from_utf8(bytes) {
        Ok(text) => Listed::Present(text),
        Err(e) => {
            let good = e.utf8_error().valid_up_to();
            let line = e.as_bytes()[..good].iter().filter(|b| **b == b'\n').count() + 1;
            Listed::Unreadable(format!(
                "{}:{line}: this is not UTF-8 text. Save the file as UTF-8 and grade again.",
                path.display()
            ))
        }
    }
}

fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
