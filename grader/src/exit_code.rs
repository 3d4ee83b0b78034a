//! What the grader's exit codes mean.

use std::process::ExitCode;

/// How a run of the grader ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Graded, whatever the score: failing checks, files that do not compile and refused files included.
    Graded = 0,
    /// Graded, and the score is below `--require`; of an author's command: there is something to mend.
    BelowRequired = 1,
    /// Bad usage or bad input: an unknown assignment, no such submission, a rubric that cannot be read.
    BadUsage = 2,
    /// Nothing could be built: the course's own files do not compile, or there is no compiler.
    NothingBuilt = 3,
    /// The grader, the course or the machine failed on a check, also when it was run again. What could be
    /// judged is reported; no points are lost by it.
    GraderBroke = 4,
}

/// As `--help` shows it.
pub const HELP: &str = "\
Exit codes:
  0  graded, whatever the score
  1  graded, and the score is below --require (author: there is something to mend)
  2  bad usage or bad input, such as a submission that does not exist
  3  nothing could be built: the course's own files do not compile, or there is no compiler
  4  the grader broke on a check, also when it ran it again; no points are lost by it";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
