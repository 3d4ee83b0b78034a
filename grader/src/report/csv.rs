//! Comma-separated values: a row an exercise, for a spreadsheet.

use crate::report::points;
use crate::report::view::{self, Reader};
use crate::result::CourseResult;

/// The rows, with a heading.
pub fn render(result: &CourseResult, reader: Reader) -> String {
    let result = view::of(result, reader);
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let heading = ["assignment", "exercise", "title", "extra credit", "verdict", "score", "max", "undecided"];
    // Writing to memory does not fail.
    let mut written = writer.write_record(heading).is_ok();
    for assignment in &result.assignments {
        for exercise in &assignment.exercises {
            let tally = &exercise.tally;
            written &= writer
                .write_record([
                    assignment.short.as_str(),
                    &exercise.id,
                    &spreadsheet(&exercise.title),
                    if exercise.extra_credit { "yes" } else { "no" },
                    if exercise.published { exercise.verdict.words() } else { "to come" },
                    &points(tally.score),
                    &points(tally.max),
                    &points(tally.undecided),
                ])
                .is_ok();
        }
    }
    debug_assert!(written);
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Text that no spreadsheet takes for a formula.
fn spreadsheet(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_rows_read_as_before() {
        insta::assert_snapshot!(render(&sample::mixed(), Reader::Student));
    }

    #[test]
    fn a_title_is_no_formula() {
        assert_eq!(spreadsheet("=1+1"), "'=1+1");
        assert_eq!(spreadsheet("Pool"), "Pool");
    }
}
