//! Which checks run, in which order, and which are not worth running.
//!
//! Pure: it knows checks and verdicts, and starts nothing.

use std::collections::BTreeMap;

use crate::judges::Check;
use crate::rubric::{Exercise, Kind};
use crate::verdict::Verdict;

/// Kinds that run together, in the order in which they run. What comes later may need what came before.
pub const PHASES: [Phase; 3] = [
    Phase { kinds: &[Kind::Correctness, Kind::Property], alone: false },
    Phase { kinds: &[Kind::Refuses, Kind::Concurrency, Kind::Program], alone: false },
    // Two timed checks at once would time each other.
    Phase { kinds: &[Kind::Performance], alone: true },
];

/// Checks that run together.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// Their kinds.
    pub kinds: &'static [Kind],
    /// Whether one at a time.
    pub alone: bool,
}

/// Whether `check` of `exercise` runs in `phase`.
///
/// What is exact although its kind is timed runs in the last phase before.
pub fn runs_in(phase: &Phase, exercise: &Exercise, check: &Check) -> bool {
    let exact = || exercise.exact.iter().any(|name| *name == format!("{}::{}", check.kind, check.name));
    if check.kind == Kind::Performance && exact() {
        return phase.kinds == PHASES[1].kinds;
    }
    phase.kinds.contains(&check.kind)
}

/// Which timed checks a run is asked for.
#[derive(Clone, Debug, Default)]
pub enum Timed {
    /// All.
    #[default]
    All,
    /// These, as `kind::name`; there may be none.
    Only(Vec<String>),
}

impl Timed {
    /// None at all.
    pub const NONE: Self = Self::Only(Vec::new());

    /// Whether the check called `kind::name` runs.
    pub fn has(&self, check: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(checks) => checks.iter().any(|one| one == check),
        }
    }

    /// Whether no check runs.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Only(checks) if checks.is_empty())
    }
}

/// What is to become of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It runs.
    Run,
    /// It does not, and that is its verdict, and why.
    Skip(Verdict, String),
}

/// The verdicts so far, by test name.
pub type Verdicts = BTreeMap<String, Verdict>;

/// What is to become of `check`, given what the phases before it found.
///
/// What the rubric says that a kind or the check itself needs has to have passed. Where it says nothing, a check of
/// the later phases still needs an exercise of which something works: on a mere skeleton it would tell nothing,
/// and a snippet that must not compile passes there without any work.
pub fn fate(exercise: &Exercise, check: &Check, verdicts: &Verdicts) -> Fate {
    if PHASES[0].kinds.contains(&check.kind) {
        return Fate::Run;
    }
    let of_check = exercise.check_needs.get(&format!("{}::{}", check.kind, check.name));
    let of_kind = exercise.needs.get(&check.kind);
    if of_kind.is_some() || of_check.is_some() {
        for need in of_kind.into_iter().chain(of_check).flatten() {
            let name = format!("{}::{need}", exercise.id);
            match verdicts.get(&name) {
                // A needed check that does not exist is the rubric's fault and must not cost.
                None | Some(Verdict::Passed) => {}
                Some(Verdict::GraderBroke) => {
                    return Fate::Skip(
                        Verdict::GraderBroke,
                        format!("It needs {need}, which could not be judged."),
                    );
                }
                Some(Verdict::NotAttempted) => {
                    return Fate::Skip(
                        Verdict::NotAttempted,
                        format!("It needs {need}, which is not attempted."),
                    );
                }
                Some(other) => {
                    return Fate::Skip(Verdict::NotRun, format!("It needs {need}, which {}.", did(*other)));
                }
            }
        }
        return Fate::Run;
    }
    let basics = || {
        verdicts.iter().filter_map(|(name, verdict)| {
            let (of, rest) = name.split_once("::")?;
            let kind = Kind::from_name(rest.split_once("::")?.0)?;
            (of == exercise.id && PHASES[0].kinds.contains(&kind)).then_some(*verdict)
        })
    };
    if basics().next().is_none() || basics().any(|v| v == Verdict::Passed) {
        Fate::Run
    } else if basics().any(|v| v == Verdict::GraderBroke) {
        Fate::Skip(
            Verdict::GraderBroke,
            "It needs a correctness check, and these could not be judged.".into(),
        )
    } else if basics().all(|v| v == Verdict::NotAttempted) {
        Fate::Skip(Verdict::NotAttempted, String::new())
    } else {
        Fate::Skip(Verdict::NotRun, "It is run once a correctness check of the exercise passes.".into())
    }
}

fn did(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Failed => "failed",
        Verdict::TimedOut => "timed out",
        Verdict::Crashed => "crashed",
        Verdict::OutOfMemory => "ran out of memory",
        _ => "did not pass",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judges::By;
    use crate::rubric::{Rubric, Visibility};

    fn exercise(needs: &str) -> Exercise {
        let text = format!(
            "id='a'\ntitle='A'\n[[exercise]]\nid='x'\ntitle='X'\nfile='src/x.rs'\npoints=1\n[exercise.needs]\n{needs}"
        );
        Rubric::parse(&text).unwrap().exercises.remove(0)
    }

    fn fate_of(kind: Kind, needs: &str, verdicts: &[(&str, Verdict)]) -> Option<Verdict> {
        let check = Check {
            exercise: "x".into(),
            kind,
            visibility: Visibility::Public,
            name: "n".into(),
            by: By::Judge { binary: "j".into() },
        };
        let verdicts = verdicts.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect();
        match fate(&exercise(needs), &check, &verdicts) {
            Fate::Run => None,
            Fate::Skip(verdict, _) => Some(verdict),
        }
    }

    #[test]
    fn exact_measures_run_before_the_timed_ones_and_each_check_runs_once() {
        let check = |kind, name: &str| Check {
            exercise: "x".into(),
            kind,
            visibility: Visibility::Public,
            name: name.into(),
            by: By::Judge { binary: "j".into() },
        };
        let mut exercise = exercise("");
        exercise.exact = vec!["performance::pages".into()];
        for (kind, name, phase) in [
            (Kind::Correctness, "n", 0),
            (Kind::Property, "pages", 0),
            (Kind::Concurrency, "n", 1),
            (Kind::Performance, "pages", 1),
            (Kind::Performance, "speed", 2),
        ] {
            let phases: Vec<usize> =
                (0..PHASES.len()).filter(|at| runs_in(&PHASES[*at], &exercise, &check(kind, name))).collect();
            assert_eq!(phases, [phase], "{kind} {name}");
        }
    }

    #[test]
    fn what_one_check_needs_besides_holds_no_other_check_back() {
        use Verdict::*;
        let needs = "performance = ['correctness::a']\n[exercise.check_needs]\n";
        let verdicts = [("x::correctness::a", Passed), ("x::concurrency::b", Failed)];
        for (of, fate) in [("n", Some(NotRun)), ("m", None)] {
            let needs = format!("{needs}'performance::{of}' = ['concurrency::b']");
            assert_eq!(fate_of(Kind::Performance, &needs, &verdicts), fate, "{of}");
        }
        let alone = "[exercise.check_needs]\n'performance::n' = ['concurrency::b']";
        assert_eq!(fate_of(Kind::Performance, alone, &verdicts[1..]), Some(NotRun));
    }

    #[test]
    fn what_a_check_needs_decides_whether_it_runs() {
        use Verdict::*;
        let needs = "performance = ['correctness::a']";
        for (kind, needs, verdicts, fate) in [
            (Kind::Correctness, "", &[][..], None),
            (Kind::Performance, needs, &[("x::correctness::a", Passed)], None),
            (Kind::Performance, needs, &[("x::correctness::a", Failed)], Some(NotRun)),
            (Kind::Performance, needs, &[("x::correctness::a", NotAttempted)], Some(NotAttempted)),
            (Kind::Performance, needs, &[("x::correctness::a", GraderBroke)], Some(GraderBroke)),
            (Kind::Performance, needs, &[("x::correctness::b", Passed)], None),
            (Kind::Refuses, "", &[("x::correctness::a", NotAttempted)], Some(NotAttempted)),
            (Kind::Refuses, "", &[("x::correctness::a", Crashed)], Some(NotRun)),
            (Kind::Refuses, "", &[("x::correctness::a", Failed), ("x::property::b", Passed)], None),
            (Kind::Concurrency, "", &[("y::correctness::a", Failed)], None),
            (Kind::Concurrency, "", &[], None),
        ] {
            assert_eq!(fate_of(kind, needs, verdicts), fate, "{kind} {verdicts:?}");
        }
    }
}
