//! JUnit XML, for what shows tests in a continuous-integration run.
//!
//! A student's fault is a `failure`; a time-out, a crash and a broken grader are an `error`; what was not run
//! is `skipped`. A suite is an exercise. An exercise that did not get as far as its checks is one test.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::report::points;
use crate::report::view::{self, Reader};
use crate::result::{AssignmentResult, CheckResult, CourseResult, ExerciseResult};
use crate::verdict::Verdict;

/// One test of a suite.
struct Case<'a> {
    name: &'a str,
    verdict: Verdict,
    seconds: f64,
    /// What was said, with what else there is to tell.
    text: String,
}

/// What JUnit calls a verdict that is no success.
const fn element(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Passed => None,
        Verdict::Failed | Verdict::DoesNotBuild | Verdict::Refused => Some("failure"),
        Verdict::TimedOut | Verdict::Crashed | Verdict::OutOfMemory | Verdict::GraderBroke => Some("error"),
        Verdict::NotAttempted | Verdict::NotRun => Some("skipped"),
    }
}

/// The result as JUnit XML, with a line end.
pub fn render(result: &CourseResult, reader: Reader) -> String {
    let result = view::of(result, reader);
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail.
    let written = document(&mut writer, &result);
    let mut text = String::from_utf8(writer.into_inner()).unwrap_or_default();
    debug_assert!(written.is_ok());
    text.push('\n');
    text
}

fn document(writer: &mut Writer<Vec<u8>>, result: &CourseResult) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = writer.create_element("testsuites").with_attribute(("name", xml(&result.title).as_str()));
    root.write_inner_content(|writer| {
        for assignment in &result.assignments {
            for exercise in assignment.exercises.iter().filter(|exercise| exercise.published) {
                suite(writer, assignment, exercise)?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn suite(
    writer: &mut Writer<Vec<u8>>,
    assignment: &AssignmentResult,
    exercise: &ExerciseResult,
) -> std::io::Result<()> {
    let place = format!("{}/{}", assignment.short, exercise.id);
    let cases = cases(exercise);
    let count = |what| cases.iter().filter(|case| element(case.verdict) == Some(what)).count().to_string();
    let seconds = cases.iter().map(|case| case.seconds).fold(0.0, |sum, seconds| sum + seconds);
    let suite = writer.create_element("testsuite").with_attributes([
        ("name", place.as_str()),
        ("tests", &cases.len().to_string()),
        ("failures", &count("failure")),
        ("errors", &count("error")),
        ("skipped", &count("skipped")),
        ("time", &format!("{seconds:.3}")),
    ]);
    suite.write_inner_content(|writer| {
        for case in &cases {
            let test = writer.create_element("testcase").with_attributes([
                ("classname", place.as_str()),
                ("name", xml(case.name).as_str()),
                ("time", &format!("{:.3}", case.seconds)),
            ]);
            let Some(what) = element(case.verdict) else {
                test.write_empty()?;
                continue;
            };
            test.write_inner_content(|writer| {
                let why = writer.create_element(what).with_attribute(("message", case.verdict.words()));
                why.write_text_content(BytesText::new(&xml(&case.text)))?;
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

fn cases(exercise: &ExerciseResult) -> Vec<Case<'_>> {
    if exercise.checks.is_empty() {
        let text = exercise.message.clone();
        return vec![Case { name: &exercise.title, verdict: exercise.verdict, seconds: 0.0, text }];
    }
    let checks = exercise.checks.iter();
    checks
        .map(|check| {
            let (name, verdict, seconds) = (&check.title, check.verdict, check.seconds);
            Case { name, verdict, seconds, text: told(check) }
        })
        .collect()
}

/// All there is to tell of a check, in paragraphs.
fn told(check: &CheckResult) -> String {
    let mut parts = vec![check.message.clone()];
    if check.max > 0.0 {
        parts.push(format!("{} of {} points", points(check.score), points(check.max)));
    }
    parts.extend(check.program.as_ref().map(|program| format!("program:\n{program}")));
    parts.extend(check.seed.as_ref().map(|seed| format!("seed: {seed}")));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// Text without what XML 1.0 has no way to write, such as a terminal's escapes.
fn xml(text: &str) -> String {
    let fits = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().map(|c| if fits(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_file_reads_as_before() {
        insta::assert_snapshot!(render(&sample::mixed(), Reader::Student));
    }

    #[test]
    fn the_file_is_xml_and_its_counts_are_those_of_its_tests() {
        let mut result = sample::mixed();
        result.assignments[0].exercises[0].checks[1].message = "\u{1b}[31m<&>]]>\u{0}".into();
        let text = render(&result, Reader::Student);
        let mut reader = quick_xml::Reader::from_str(&text);
        let (mut claimed, mut found) = ([0; 4], [0; 4]);
        loop {
            match reader.read_event().expect("well-formed XML") {
                Event::Eof => break,
                Event::Start(tag) | Event::Empty(tag) => {
                    let names = ["tests", "failures", "errors", "skipped"];
                    for attribute in tag.attributes().map(Result::unwrap) {
                        let at = names.iter().position(|name| *name == attribute.key.as_ref());
                        if let (Some(at), "testsuite") = (at, tag.name().as_ref()) {
                            claimed[at] += attribute.value.parse::<usize>().unwrap();
                        }
                    }
                    let tags = ["testcase", "failure", "error", "skipped"];
                    if let Some(at) = tags.iter().position(|name| *name == tag.name().as_ref()) {
                        found[at] += 1;
                    }
                }
                _ => {}
            }
        }
        assert_eq!(claimed, found);
        assert!(found.iter().all(|count| *count > 0), "{found:?}");
    }
}
