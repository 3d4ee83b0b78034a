//! What a measure earns: the edges that stand in an assignment's rubric.

use crate::check::{Check, Measure};
use crate::fault::{Fault, Judged};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Which way a measure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
}

/// Where credit is full, where it is gone; between them it falls evenly.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Edges {
    /// Which way is better.
    pub better: Better,
    /// Full credit here and beyond.
    pub full: f64,
    /// No credit here and beyond.
    pub zero: f64,
    /// The unit of both.
    #[serde(default)]
    pub unit: String,
    /// The reference's figure that the edges refer to, where they do.
    #[serde(default)]
    pub frozen: Option<f64>,
}

/// The part of a rubric that judges read.
#[derive(Debug, Deserialize)]
struct Rubric {
    exercise: Vec<Exercise>,
}

#[derive(Debug, Deserialize)]
struct Exercise {
    id: String,
    #[serde(default)]
    measures: BTreeMap<String, Edges>,
}

impl Edges {
    /// The edges of one measure, from the text of a rubric.
    ///
    /// # Errors
    ///
    /// [`Fault::Broke`]: a rubric that does not hold them is the course's fault.
    pub fn of(rubric: &str, exercise: &str, measure: &str) -> Judged<Self> {
        let missing = || Fault::Broke(format!("the rubric has no measure {exercise}.{measure}"));
        let rubric: Rubric =
            toml::from_str(rubric).map_err(|error| Fault::Broke(format!("the rubric is broken: {error}")))?;
        let exercise = rubric.exercise.into_iter().find(|other| other.id == exercise).ok_or_else(missing)?;
        exercise
            .measures
            .into_iter()
            .find(|(name, _)| name == measure)
            .map(|(_, edges)| edges)
            .ok_or_else(missing)
    }

    /// The credit of a figure, from 0 to 1.
    pub fn credit(&self, value: f64) -> f64 {
        if self.zero == self.full || value.is_nan() {
            return 0.0;
        }
        ((self.zero - value) / (self.zero - self.full)).clamp(0.0, 1.0)
    }

    /// The end of an interval that is the better one.
    pub fn best(&self, low: f64, high: f64) -> f64 {
        match self.better {
            Better::Lower => low,
            Better::Higher => high,
        }
    }

    /// The end of an interval that is the worse one.
    pub fn worst(&self, low: f64, high: f64) -> f64 {
        match self.better {
            Better::Lower => high,
            Better::Higher => low,
        }
    }

    /// Notes an exact figure and what it earns. `what` names it in a sentence: "the footprint".
    pub fn judge(&self, check: &Check, name: &str, what: &str, value: f64) {
        self.earn(check, name, what, Measure { value, unit: "x", low: None, high: None });
    }

    /// Notes a measure and what its better end earns: what is undecided goes to the student's favour.
    pub fn earn(&self, check: &Check, name: &str, what: &str, measure: Measure) {
        check.note(name, measure);
        let best = self.best(measure.low.unwrap_or(measure.value), measure.high.unwrap_or(measure.value));
        let credit = self.credit(best);
        let direction = match self.better {
            Better::Lower => "at most",
            Better::Higher => "at least",
        };
        check.earn(credit, || {
            format!(
                "Measured {what}: {:.3}{}. Full points take {direction} {}{}, none are left at {}{}. This \
                 earns {:.0} %.",
                measure.value,
                self.unit,
                self.full,
                self.unit,
                self.zero,
                self.unit,
                credit * 100.0
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_is_full_at_one_edge_none_at_the_other_and_falls_evenly_between() {
        let lower = Edges { better: Better::Lower, full: 1.0, zero: 2.0, unit: String::new(), frozen: None };
        assert_eq!([0.5, 1.0, 1.25, 2.0, 9.0].map(|value| lower.credit(value)), [1.0, 1.0, 0.75, 0.0, 0.0]);
        let higher =
            Edges { better: Better::Higher, full: 1.0, zero: 0.5, unit: String::new(), frozen: None };
        assert_eq!([2.0, 1.0, 0.75, 0.5, 0.0].map(|value| higher.credit(value)), [1.0, 1.0, 0.5, 0.0, 0.0]);
        assert_eq!(higher.credit(f64::NAN), 0.0);
    }

    #[test]
    fn a_rubric_without_the_measure_is_the_courses_fault() {
        let rubric =
            "[[exercise]]\nid = \"a\"\n[exercise.measures.b]\nbetter = \"lower\"\nfull = 1\nzero = 2";
        assert!(Edges::of(rubric, "a", "b").is_ok());
        assert!(matches!(Edges::of(rubric, "a", "c"), Err(Fault::Broke(_))));
        assert!(matches!(Edges::of("][", "a", "b"), Err(Fault::Broke(_))));
    }
}
