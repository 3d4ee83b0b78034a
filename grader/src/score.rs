//! Points from verdicts: a pure function, in exact numbers.
//!
//! It knows weights and credits, and nothing of files, processes or reports. An exercise's points are
//! split over its *cells* (kind and visibility) by the rubric, and a cell's points equally over its
//! checks. Nothing is rounded before [`round`].

use std::collections::BTreeMap;

use num_rational::Ratio;

use crate::rubric::{Exact, Exercise, Kind, Visibility};

/// What a check counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Decided: this part of its points, from 0 to 1.
    Credit(Exact),
    /// The platform lacks what it takes: its points go to the rest of the exercise.
    LeftOut,
    /// The grader broke on it: its points are neither earned nor lost.
    Undecided,
}

/// One check, as far as points go.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Its kind.
    pub kind: Kind,
    /// Public or hidden.
    pub visibility: Visibility,
    /// What it counts for.
    pub counts: Counts,
}

/// Exact points: earned, attainable, and what of these was not decided here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExactTally {
    /// Earned.
    pub score: Exact,
    /// Attainable.
    pub max: Exact,
    /// Of `max`: hidden checks that are absent here.
    pub hidden: Exact,
    /// Of `max`: checks that the grader broke on.
    pub undecided: Exact,
}

impl ExactTally {
    /// Attainable by what was run here.
    pub fn visible(&self) -> Exact {
        self.max - self.hidden - self.undecided
    }

    /// With the other's points added.
    pub fn plus(self, other: ExactTally) -> ExactTally {
        ExactTally {
            score: self.score + other.score,
            max: self.max + other.max,
            hidden: self.hidden + other.hidden,
            undecided: self.undecided + other.undecided,
        }
    }

    /// Extra credit's: no more than `cap` of anything.
    pub fn capped(self, cap: Exact) -> ExactTally {
        let max = self.max.min(cap);
        let hidden = self.hidden.min(max);
        ExactTally { score: self.score.min(cap), max, hidden, undecided: self.undecided.min(max - hidden) }
    }
}

/// The points of an exercise and of each of its checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExerciseScore {
    /// Of the exercise.
    pub tally: ExactTally,
    /// Of each kind that has points or checks. Together they are the exercise's, where it has any check.
    pub kinds: BTreeMap<Kind, ExactTally>,
    /// Earned and attainable, in the order of the checks that were given.
    pub checks: Vec<(Exact, Exact)>,
}

/// Scores an exercise that is worth `max` points.
///
/// `hidden_absent` says that hidden judges are not here, so that hidden cells keep their points without
/// a check to earn them. An exercise without any check keeps all of its points and earns none.
pub fn exercise(rubric: &Exercise, max: Exact, checks: &[Counted], hidden_absent: bool) -> ExerciseScore {
    let zero = Exact::from_integer(0);
    let mut counted: BTreeMap<(Kind, Visibility), i128> = BTreeMap::new();
    for c in checks.iter().filter(|c| c.counts != Counts::LeftOut) {
        *counted.entry((c.kind, c.visibility)).or_default() += 1;
    }
    let nothing_here = counted.is_empty();

    let mut weights: BTreeMap<(Kind, Visibility), Exact> = BTreeMap::new();
    for (&(kind, visibility), &n) in &counted {
        let weight = if rubric.points_by_kind.is_empty() {
            Exact::from_integer(n)
        } else {
            rubric.cell(kind, visibility)
        };
        weights.insert((kind, visibility), weight);
    }
    let mut absent: BTreeMap<Kind, Exact> = BTreeMap::new();
    if hidden_absent && !nothing_here {
        for &kind in rubric.points_by_kind.keys() {
            let cell = rubric.cell(kind, Visibility::Hidden);
            if cell > zero && !counted.contains_key(&(kind, Visibility::Hidden)) {
                absent.insert(kind, cell);
            }
        }
    }
    let sum = weights.values().chain(absent.values()).sum::<Exact>();

    let mut kinds: BTreeMap<Kind, ExactTally> = BTreeMap::new();
    if sum == zero {
        let tally = ExactTally { max, ..ExactTally::default() };
        return ExerciseScore { tally, kinds, checks: vec![(zero, zero); checks.len()] };
    }
    for (kind, weight) in absent {
        let hidden = max * weight / sum;
        kinds.insert(kind, ExactTally { max: hidden, hidden, ..ExactTally::default() });
    }
    let mut of_checks = Vec::with_capacity(checks.len());
    for c in checks {
        let cell = (c.kind, c.visibility);
        let each = match c.counts {
            Counts::LeftOut => zero,
            _ => max * weights[&cell] / sum / Exact::from_integer(counted[&cell]),
        };
        let (earned, undecided) = match c.counts {
            Counts::Credit(credit) => (each * credit, zero),
            Counts::LeftOut => (zero, zero),
            Counts::Undecided => (zero, each),
        };
        let kind = kinds.entry(c.kind).or_default();
        *kind = kind.plus(ExactTally { score: earned, max: each, hidden: zero, undecided });
        of_checks.push((earned, each));
    }
    let tally = kinds.values().copied().fold(ExactTally::default(), ExactTally::plus);
    ExerciseScore { tally, kinds, checks: of_checks }
}

/// What an exercise that is no extra credit is worth: its part of the assignment's share.
pub fn worth(exercise: &Exercise, all: &[Exercise], share: Exact) -> Exact {
    let sum: Exact = all.iter().filter(|e| !e.extra_credit).map(|e| e.points.exact()).sum();
    if exercise.extra_credit {
        exercise.points.exact()
    } else if sum == Exact::from_integer(0) {
        sum
    } else {
        share * exercise.points.exact() / sum
    }
}

/// A judge's credit as an exact number of four decimals from 0 to 1, so that a sum of many keeps small denominators.
pub fn credit(number: f64) -> Exact {
    let bounded = if number.is_nan() { 0.0 } else { number.clamp(0.0, 1.0) };
    Ratio::new((bounded * 10_000.0).round() as i128, 10_000)
}

/// Rounds half up to `decimals`. The only place where points stop being exact.
pub fn round(points: Exact, decimals: u32) -> f64 {
    let scale = 10_i128.pow(decimals);
    let scaled = (points * Exact::from_integer(scale) + Ratio::new(1, 2)).floor().to_integer();
    scaled as f64 / scale as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rubric::Rubric;
    use Kind::{Correctness, Performance, Property};
    use Visibility::{Hidden, Public};

    fn exercise_with(cells: &str) -> Exercise {
        let text = format!(
            "id='a'\ntitle='A'\n[[exercise]]\nid='x'\ntitle='X'\nfile='src/x.rs'\npoints=10\n[exercise.points_by_kind]\n{cells}"
        );
        Rubric::parse(&text).unwrap().exercises.remove(0)
    }

    fn check(kind: Kind, visibility: Visibility, counts: Counts) -> Counted {
        Counted { kind, visibility, counts }
    }

    fn full() -> Counts {
        Counts::Credit(r(1, 1))
    }

    fn none() -> Counts {
        Counts::Credit(r(0, 1))
    }

    fn r(a: i128, b: i128) -> Exact {
        Ratio::new(a, b)
    }

    /// Cells, checks, hidden absent; then score, hidden and undecided of 12 points.
    #[test]
    fn points_follow_the_table() {
        let c = |counts| check(Correctness, Public, counts);
        let h = |counts| check(Correctness, Hidden, counts);
        let p = |counts| check(Performance, Public, counts);
        type Row = (&'static str, &'static str, Vec<Counted>, bool, [Exact; 3]);
        let table: Vec<Row> = vec![
            ("no checks, nothing earned", "correctness=[8,4]", vec![], true, [r(0, 1); 3]),
            (
                "checks share a cell equally",
                "correctness=[6,0]",
                vec![c(full()), c(none()), c(none())],
                true,
                [r(4, 1), r(0, 1), r(0, 1)],
            ),
            (
                "absent hidden judges keep their points",
                "correctness=[8,4]",
                vec![c(full())],
                true,
                [r(8, 1), r(4, 1), r(0, 1)],
            ),
            (
                "present hidden judges are scored",
                "correctness=[8,4]",
                vec![c(full()), h(none())],
                false,
                [r(8, 1), r(0, 1), r(0, 1)],
            ),
            (
                "an empty cell's points go to the others in proportion",
                "correctness=[8,4]\nperformance=[6,0]",
                vec![c(none()), h(full())],
                false,
                [r(4, 1), r(0, 1), r(0, 1)],
            ),
            (
                "parts are scaled to the points",
                "correctness=[1,0]\nperformance=[2,0]",
                vec![c(full()), p(none())],
                true,
                [r(4, 1), r(0, 1), r(0, 1)],
            ),
            (
                "credit may be in between",
                "performance=[3,0]",
                vec![p(Counts::Credit(r(1, 4)))],
                true,
                [r(3, 1), r(0, 1), r(0, 1)],
            ),
            (
                "what the platform lacks is left out",
                "correctness=[6,0]\nperformance=[6,0]",
                vec![c(full()), p(Counts::LeftOut)],
                true,
                [r(12, 1), r(0, 1), r(0, 1)],
            ),
            (
                "what the grader broke on is undecided",
                "correctness=[6,0]",
                vec![c(full()), c(Counts::Undecided)],
                true,
                [r(6, 1), r(0, 1), r(6, 1)],
            ),
            (
                "without cells all checks weigh alike",
                "",
                vec![c(full()), c(none()), p(none())],
                true,
                [r(4, 1), r(0, 1), r(0, 1)],
            ),
            (
                "a check in a cell without points earns none",
                "correctness=[6,0]",
                vec![c(full()), p(full())],
                true,
                [r(12, 1), r(0, 1), r(0, 1)],
            ),
        ];
        for (what, cells, checks, hidden_absent, [score, hidden, undecided]) in table {
            let scored = exercise(&exercise_with(cells), r(12, 1), &checks, hidden_absent);
            assert_eq!(scored.tally.max, r(12, 1), "{what}: attainable");
            assert_eq!(scored.tally.score, score, "{what}: score");
            assert_eq!(scored.tally.hidden, hidden, "{what}: hidden");
            assert_eq!(scored.tally.undecided, undecided, "{what}: undecided");
            let sum: Exact = scored.checks.iter().map(|c| c.0).sum();
            assert_eq!(sum, score, "{what}: the checks' points are the exercise's");
        }
    }

    #[test]
    fn the_checks_of_a_fully_run_exercise_sum_to_its_points() {
        let rubric = exercise_with("correctness=[7,3]\nproperty=[1.5,0]\nperformance=[0,2]");
        let mut checks = vec![check(Property, Public, full()), check(Performance, Hidden, full())];
        for _ in 0..7 {
            checks.push(check(Correctness, Public, full()));
            checks.push(check(Correctness, Hidden, full()));
        }
        let scored = exercise(&rubric, r(10, 3), &checks, false);
        assert_eq!(scored.tally.score, r(10, 3));
        assert_eq!(scored.tally.visible(), r(10, 3));
    }

    #[test]
    fn a_kinds_points_are_summed_before_they_are_rounded() {
        let rubric = exercise_with("correctness=[3,1]\nproperty=[0,1]");
        let checks = [check(Correctness, Public, full()); 16];
        let scored = exercise(&rubric, r(2, 1), &checks, true);
        assert_eq!(round(scored.checks[0].0, 2), 0.08);
        let correctness = scored.kinds[&Correctness];
        assert_eq!((correctness.score, correctness.max, correctness.hidden), (r(6, 5), r(8, 5), r(2, 5)));
        assert_eq!(scored.kinds[&Property].hidden, r(2, 5));
    }

    #[test]
    fn rounding_is_half_up_and_last() {
        assert_eq!(round(r(1, 3), 2), 0.33);
        assert_eq!(round(r(2, 3), 2), 0.67);
        assert_eq!(round(r(1, 8), 2), 0.13);
        assert_eq!(round(r(100, 1), 2), 100.0);
        assert_eq!(credit(f64::NAN), r(0, 1));
        assert_eq!(credit(7.0), r(1, 1));
        assert_eq!(credit(0.125), r(1, 8));
    }

    #[test]
    fn extra_credit_is_capped() {
        let tally = ExactTally { score: r(12, 1), max: r(14, 1), hidden: r(2, 1), undecided: r(0, 1) };
        let capped = tally.capped(r(10, 1));
        assert_eq!((capped.score, capped.max), (r(10, 1), r(10, 1)));
    }
}
