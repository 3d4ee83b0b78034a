//! What can come of a check. A verdict is data; an `Err` means that the grader itself failed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of one check, or of an exercise that did not get as far as its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    /// Everything the check asks for was seen.
    Passed,
    /// A reply was wrong or missing, or a measure fell short.
    Failed,
    /// The student's code did not come back in time.
    TimedOut,
    /// The student's code ended by a signal or an abort.
    Crashed,
    /// The student's code asked for more memory than the check grants.
    OutOfMemory,
    /// A `todo!` was reached, or the listed file is absent.
    NotAttempted,
    /// The listed file does not compile.
    DoesNotBuild,
    /// The listed file holds something that the exercise's source policy forbids.
    Refused,
    /// A check that this one needs did not pass (it costs), or the platform lacks what it takes (it is left out).
    NotRun,
    /// The grader, the course or the machine failed. Never costs points, and is run again.
    GraderBroke,
}

impl Verdict {
    /// Every verdict, the one that speaks loudest first.
    pub const BY_PRECEDENCE: [Verdict; 10] = [
        Verdict::Refused,
        Verdict::DoesNotBuild,
        Verdict::Failed,
        Verdict::NotAttempted,
        Verdict::TimedOut,
        Verdict::Crashed,
        Verdict::OutOfMemory,
        Verdict::NotRun,
        // What the student can mend comes first; a report shows ours by itself as well.
        Verdict::GraderBroke,
        Verdict::Passed,
    ];

    /// The verdict to show where both fit.
    pub fn over(self, other: Verdict) -> Verdict {
        if self.rank() <= other.rank() { self } else { other }
    }

    /// The verdict to show for several checks at once; `None` where there are none.
    pub fn of_all(verdicts: impl IntoIterator<Item = Verdict>) -> Option<Verdict> {
        verdicts.into_iter().reduce(Verdict::over)
    }

    /// Whether the fault lies with the course, the grader or the machine.
    pub fn is_ours(self) -> bool {
        self == Verdict::GraderBroke
    }

    /// The words that a report shows.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::TimedOut => "timed out",
            Verdict::Crashed => "crashed",
            Verdict::OutOfMemory => "out of memory",
            Verdict::NotAttempted => "not attempted",
            Verdict::DoesNotBuild => "does not build",
            Verdict::Refused => "refused",
            Verdict::NotRun => "not run",
            Verdict::GraderBroke => "grader broke",
        }
    }

    fn rank(self) -> usize {
        Self::BY_PRECEDENCE.iter().position(|v| *v == self).unwrap_or(Self::BY_PRECEDENCE.len())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_a_place_in_the_order() {
        for v in Verdict::BY_PRECEDENCE {
            assert_eq!(Verdict::BY_PRECEDENCE[v.rank()], v);
        }
    }

    #[test]
    fn a_wrong_reply_speaks_louder_than_a_todo_and_a_todo_than_a_crash() {
        use Verdict::*;
        assert_eq!(Failed.over(NotAttempted), Failed);
        assert_eq!(Crashed.over(NotAttempted), NotAttempted);
        assert_eq!(of([Passed, TimedOut, Refused]), Some(Refused));
        assert_eq!(of([Passed, GraderBroke]), Some(GraderBroke));
        assert_eq!(of([]), None);
    }

    fn of<const N: usize>(verdicts: [Verdict; N]) -> Option<Verdict> {
        Verdict::of_all(verdicts)
    }
}
