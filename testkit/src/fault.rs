//! Why a check did not pass.

use std::fmt;

/// What a check comes to.
pub type Judged<T = ()> = Result<T, Fault>;

/// Why a check did not pass. All but the last three are the submission's doing.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// A reply was wrong.
    Failed(Failure),
    /// The driver reached a `todo!`.
    NotAttempted(Failure),
    /// The driver did not answer in time.
    TimedOut(Failure),
    /// The driver panicked, was killed by a fault, or ended before it had answered.
    Crashed(Failure),
    /// The driver ran out of the memory that it may use.
    OutOfMemory(Failure),
    /// The judge or the machine failed: costs nothing, and is run again.
    Broke(String),
    /// What the person who grades gave, such as a trace, is of no use: nothing is graded.
    Unusable(String),
    /// This machine lacks what the check takes: it counts for nobody.
    LeftOut(String),
}

/// What a student is told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Failure {
    /// What was done, expected and seen, in sentences.
    pub message: String,
    /// The program that shows it, as source to paste.
    pub program: Option<String>,
    /// The seed of a random check.
    pub seed: Option<u64>,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, ..Self::default() }
    }
}

impl Fault {
    /// A wrong reply.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into().into())
    }

    /// The verdict's name in a record.
    pub const fn verdict(&self) -> &'static str {
        match self {
            Self::Failed(_) => "Failed",
            Self::NotAttempted(_) => "NotAttempted",
            Self::TimedOut(_) => "TimedOut",
            Self::Crashed(_) => "Crashed",
            Self::OutOfMemory(_) => "OutOfMemory",
            Self::Broke(_) | Self::Unusable(_) => "GraderBroke",
            Self::LeftOut(_) => "NotRun",
        }
    }

    /// What a student is told, where there is a student to tell.
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure)
            | Self::NotAttempted(failure)
            | Self::TimedOut(failure)
            | Self::Crashed(failure)
            | Self::OutOfMemory(failure) => Some(failure),
            Self::Broke(_) | Self::Unusable(_) | Self::LeftOut(_) => None,
        }
    }

    /// The same fault with more to tell.
    #[must_use]
    pub fn map(mut self, change: impl FnOnce(&mut Failure)) -> Self {
        match &mut self {
            Self::Failed(failure)
            | Self::NotAttempted(failure)
            | Self::TimedOut(failure)
            | Self::Crashed(failure)
            | Self::OutOfMemory(failure) => change(failure),
            Self::Broke(_) | Self::Unusable(_) | Self::LeftOut(_) => {}
        }
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.failure()) {
            (Self::Unusable(why) | Self::LeftOut(why), _) => f.write_str(why),
            (Self::Broke(why), _) => write!(f, "the judge broke, which costs nothing: {why}"),
            (_, Some(failure)) => {
                write!(f, "{}: {}", self.verdict(), failure.message)?;
                if let Some(seed) = failure.seed {
                    write!(f, "\n\nseed: {seed:#018x}")?;
                }
                if let Some(program) = &failure.program {
                    write!(f, "\n\nThe shortest program that shows it:\n\n{program}")?;
                }
                Ok(())
            }
            (_, None) => f.write_str(self.verdict()),
        }
    }
}
