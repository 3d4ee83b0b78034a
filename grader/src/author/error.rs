//! Why an author's command cannot go on.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use super::markers::MarkerError;
use crate::course::CourseError;
use crate::tree::TreeError;

/// Why an author's command cannot go on. What is only wrong with the course is printed, and no error.
#[derive(Debug, Error, Diagnostic)]
pub enum AuthorError {
    /// The course cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Course(#[from] CourseError),
    /// A student's edition.
    #[error("there is no folder solutions/ in {}", root.display())]
    #[diagnostic(help("authors' commands work in the instructors' edition, which has one"))]
    NoSolutions {
        /// The course.
        root: PathBuf,
    },
    /// Nothing of that name.
    #[error("the course has no exercise `{what}`")]
    #[diagnostic(help("name one of these, or an assignment: {known}"))]
    Unknown {
        /// What was asked for.
        what: String,
        /// What there is.
        known: String,
    },
    /// A file or folder that cannot be read or written.
    #[error("cannot {doing} {}", path.display())]
    #[diagnostic(help("check that it is there, that you may {doing} it, and that the disk is not full"))]
    File {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder could not be laid out.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tree(#[from] TreeError),
    /// A marked solution is broken.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Marker(#[from] MarkerError),
    /// A folder that a command would write into, and that holds something.
    #[error("{} is there already", path.display())]
    #[diagnostic(help("name a folder that is not there yet"))]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// A new exercise that cannot be laid out.
    #[error("cannot lay out `{name}`: {why}")]
    #[diagnostic(help("name a folder of the course and a new module, as in `ps1-allocators/arena`"))]
    New {
        /// What was asked for.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// An answer that could not be graded.
    #[error("an answer could not be graded: {why}")]
    #[diagnostic(help(
        "grade it by `cargo grade WHAT --submission target/grade/answers/NAME` to see all of it"
    ))]
    Grading {
        /// What the grader said.
        why: String,
    },
    /// A tool that could not be started.
    #[error("cannot start {program}")]
    #[diagnostic(help("install it (`rustup component add {program}`) and run this again"))]
    Tool {
        /// The tool.
        program: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl AuthorError {
    /// Puts what was tried to what the system said.
    pub(crate) fn at(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> AuthorError {
        let path = path.to_owned();
        move |source| AuthorError::File { doing, path, source }
    }
}
