//! Why a grading run ends without a result.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::cargo::CargoError;
use crate::exit_code::Exit;
use crate::judges::JudgeError;
use crate::stage::StageError;
use crate::submission::SubmissionError;
use crate::workspace::WorkspaceError;

/// Why there is no result.
#[derive(Debug, Error, Diagnostic)]
pub enum GradeError {
    /// The submission cannot be graded.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Submission(#[from] SubmissionError),
    /// The judges cannot be laid or built.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Judges(#[from] JudgeError),
    /// The compiler cannot be asked.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cargo(#[from] CargoError),
    /// The stage cannot be laid.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Stage(#[from] StageError),
    /// A manifest is unusable.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A folder or file that was named is not there.
    #[error("cannot find {}", path.display())]
    #[diagnostic(help("check the path; it is taken from the folder that the command runs in"))]
    NoSuchPath {
        /// What was named.
        path: PathBuf,
    },
    /// The trace of the student's own is broken.
    #[error("{said}")]
    #[diagnostic(help("mend the trace, or grade without `--trace`"))]
    Trace {
        /// File, line and reason.
        said: String,
    },
    /// No assignment's own files build.
    #[error("the course's own files do not build:\n{said}")]
    #[diagnostic(help("get the course's files again, or report this to its authors"))]
    NothingBuilt {
        /// The compiler's words.
        said: String,
    },
}

impl GradeError {
    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            GradeError::Submission(_)
            | GradeError::NoSuchPath { .. }
            | GradeError::Trace { .. }
            | GradeError::Workspace(_) => Exit::BadUsage,
            GradeError::NothingBuilt { .. } | GradeError::Cargo(_) => Exit::NothingBuilt,
            GradeError::Judges(_) | GradeError::Stage(_) => Exit::GraderBroke,
        }
    }
}
