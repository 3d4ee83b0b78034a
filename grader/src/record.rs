//! The record that a judge writes: the only thing a check's outcome is read from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// One check's record, as JSON in the file that `GRADE_RECORD` names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The check's name, as the judge lists it: `buddy::correctness::name`.
    pub check: String,
    /// What came of it. From a judge, `NotRun` means that the platform lacks what the check takes.
    pub verdict: Verdict,
    /// From 0 to 1; 1 exactly where the verdict is `Passed`.
    #[serde(default)]
    pub credit: f64,
    /// What was done, what was expected, what was seen. May be empty where it passed.
    #[serde(default)]
    pub message: String,
    /// What was measured, by name.
    #[serde(default)]
    pub measures: BTreeMap<String, Measured>,
    /// Rust source of the shortest failing program.
    #[serde(default)]
    pub program: Option<String>,
    /// The seed that the check ran on.
    #[serde(default)]
    pub seed: Option<String>,
    /// The submission's hash, as the driver said it.
    #[serde(default)]
    pub submission: Option<String>,
    /// Time that the drivers took.
    #[serde(default)]
    pub driver_seconds: f64,
}

/// A figure that a check measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The figure itself.
    pub value: f64,
    /// Its unit: `x`, `%`, `ns`, `bytes` …
    #[serde(default)]
    pub unit: String,
    /// Lower end of its interval, where it is a statistic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper end of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Where it earns full points, if it earns any; from the rubric, not from a judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<f64>,
    /// Where it earns none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero: Option<f64>,
}
