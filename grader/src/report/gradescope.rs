//! Gradescope's `results.json`: the total on top, and a test a check.
//!
//! The format is the one of the platform's documentation of autograder results. A hidden check stands there
//! with its title and points only; what the platform shows of it is the instructor's setting.

use serde::Serialize;

use crate::report::points;
use crate::report::view::{self, Reader};
use crate::result::{CheckResult, CourseResult};
use crate::rubric::Visibility;
use crate::verdict::Verdict;

/// The file.
#[derive(Serialize)]
struct Results<'a> {
    /// Given, so that the platform does not add up rounded points.
    score: f64,
    /// Whole seconds.
    execution_time: u64,
    output: String,
    tests: Vec<Test<'a>>,
}

#[derive(Serialize)]
struct Test<'a> {
    score: f64,
    max_score: f64,
    status: &'static str,
    name: &'a str,
    number: String,
    output: String,
    tags: [&'a str; 2],
    visibility: &'static str,
}

/// The result as the platform reads it, with a line end.
pub fn render(result: &CourseResult, reader: Reader) -> String {
    let result = view::of(result, reader);
    let mut tests = Vec::new();
    for (at, assignment) in result.assignments.iter().enumerate() {
        for (exercise_at, exercise) in assignment.exercises.iter().enumerate() {
            let number = format!("{}.{}", at + 1, exercise_at + 1);
            if exercise.checks.is_empty() && exercise.published {
                tests.push(Test {
                    score: exercise.tally.score,
                    max_score: exercise.tally.max,
                    status: "failed",
                    name: &exercise.title,
                    number: number.clone(),
                    output: format!("{}\n{}", exercise.verdict.words(), exercise.message),
                    tags: [&assignment.short, &exercise.id],
                    visibility: "visible",
                });
            }
            for (check_at, check) in exercise.checks.iter().enumerate() {
                tests.push(Test {
                    score: check.score,
                    max_score: if check.left_out { 0.0 } else { check.max },
                    status: if check.verdict == Verdict::Passed { "passed" } else { "failed" },
                    name: &check.title,
                    number: format!("{number}.{}", check_at + 1),
                    output: output(check),
                    tags: [&assignment.short, &exercise.id],
                    visibility: match check.visibility {
                        Visibility::Public => "visible",
                        Visibility::Hidden => "after_published",
                    },
                });
            }
        }
    }
    let mut output = format!("{} of {} points", points(result.total.score), points(result.total.max));
    if result.total.undecided > 0.0 {
        output.push_str(&format!("; {} undecided, to be run again", points(result.total.undecided)));
    }
    for note in &result.notes {
        output.push('\n');
        output.push_str(&note.text);
    }
    let score = result.total.score + result.extra_credit.score;
    let results = Results { score, execution_time: result.seconds as u64, output, tests };
    let mut text = serde_json::to_string_pretty(&results).expect("only strings and numbers");
    text.push('\n');
    text
}

fn output(check: &CheckResult) -> String {
    let mut text = check.verdict.words().to_owned();
    for told in [Some(&check.message), check.program.as_ref()].into_iter().flatten().filter(|t| !t.is_empty())
    {
        text.push('\n');
        text.push_str(told);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::sample;

    #[test]
    fn the_file_has_what_the_platform_asks_for() {
        let result = sample::mixed();
        let value: Value = serde_json::from_str(&render(&result, Reader::Student)).unwrap();
        assert_eq!(value["score"].as_f64(), Some(result.total.score + result.extra_credit.score));
        assert!(value["execution_time"].is_u64() && value["output"].is_string());
        let tests = value["tests"].as_array().unwrap();
        for test in tests {
            assert!(test["score"].as_f64() <= test["max_score"].as_f64(), "{test}");
            assert!(["passed", "failed"].contains(&test["status"].as_str().unwrap()), "{test}");
            assert!(["visible", "hidden", "after_published"].contains(&test["visibility"].as_str().unwrap()));
            assert!(test["tags"].as_array().unwrap().iter().all(Value::is_string));
        }
        let numbers: std::collections::BTreeSet<_> =
            tests.iter().map(|test| test["number"].as_str()).collect();
        assert_eq!(numbers.len(), tests.len(), "every test has a number of its own");
    }

    #[test]
    fn what_is_left_out_is_worth_nothing_there() {
        let result = sample::mixed();
        let value: Value = serde_json::from_str(&render(&result, Reader::Student)).unwrap();
        let broken = value["tests"].as_array().unwrap().iter().find(|test| test["name"] == "median").unwrap();
        assert_eq!(broken["max_score"], 0.0);
    }
}
