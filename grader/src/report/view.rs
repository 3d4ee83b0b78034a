//! What a reader may see of a result.
//!
//! A student may read a hidden check's title, verdict and points; its name, message, program, seed and
//! measures would let the check be guessed. They are taken out here, once, before a report is made.

use std::borrow::Cow;

use crate::result::{CheckResult, CourseResult, ExerciseResult};
use crate::rubric::{Kind, Visibility};

/// Who reads a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    /// A student: hidden checks are titles.
    #[default]
    Student,
    /// An instructor who asked for hidden checks (`--reveal-hidden`).
    Instructor,
}

/// The result as `reader` may see it.
pub fn of(result: &CourseResult, reader: Reader) -> Cow<'_, CourseResult> {
    match reader {
        Reader::Instructor => Cow::Borrowed(result),
        Reader::Student => {
            let mut result = result.clone();
            result.assignments.iter_mut().flat_map(|a| &mut a.exercises).for_each(hide);
            Cow::Owned(result)
        }
    }
}

fn hide(exercise: &mut ExerciseResult) {
    for kind in Kind::ALL {
        let hidden =
            exercise.checks.iter_mut().filter(|c| c.kind == kind && c.visibility == Visibility::Hidden);
        for (index, check) in hidden.enumerate() {
            hide_check(check, index + 1);
        }
    }
}

fn hide_check(check: &mut CheckResult, number: usize) {
    let (place, name) = check.id.rsplit_once('/').unwrap_or(("", &check.id));
    // Without a title in the rubric a check's title is its name.
    let has_title = check.title != name.replace('_', " ") && check.title != name;
    *check = CheckResult {
        id: format!("{place}/hidden-{number}"),
        title: if has_title { check.title.clone() } else { format!("hidden check {number}") },
        kind: check.kind,
        visibility: check.visibility,
        verdict: check.verdict,
        score: check.score,
        max: check.max,
        left_out: check.left_out,
        // How long a check took tells what it does.
        seconds: 0.0,
        measures: Default::default(),
        message: String::new(),
        program: None,
        seed: None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{csv, gradescope, html, json, junit, markdown, sample, table};

    /// All that the sample's hidden checks hold, its titles apart.
    const SECRETS: [&str; 6] = [
        "secret_name_of_a_check",
        "secret name of a check",
        "a secret message",
        "secret_program",
        "0x5ec2e7",
        "secret_measure",
    ];

    fn reports(reader: Reader) -> [String; 7] {
        let result = sample::mixed();
        [
            table::render(&result, reader, table::Style::Plain),
            json::render(&result, reader),
            html::render(&result, reader),
            junit::render(&result, reader),
            gradescope::render(&result, reader),
            markdown::render(&result, reader),
            csv::render(&result, reader),
        ]
    }

    #[test]
    fn no_report_tells_a_student_more_of_a_hidden_check_than_its_title() {
        for report in reports(Reader::Student) {
            for secret in SECRETS {
                assert!(!report.contains(secret), "{secret} in:\n{report}");
            }
        }
        assert!(reports(Reader::Student)[1].contains("Top-order blocks are kept"));
    }

    #[test]
    fn an_instructor_may_ask_for_all_of_it() {
        let [table, json, html, ..] = reports(Reader::Instructor);
        assert!(table.contains("a secret message"));
        assert!(html.contains("a secret message") && html.contains("secret_program"));
        for secret in SECRETS {
            assert!(json.contains(secret), "{secret}");
        }
    }
}
