//! Markdown, for a job's summary: a table an assignment, and what failed under it.

use std::fmt::Write;

use crate::report::view::{self, Reader};
use crate::report::{points, tally};
use crate::result::{AssignmentResult, CheckResult, CourseResult};
use crate::verdict::Verdict;

/// The result as Markdown.
pub fn render(result: &CourseResult, reader: Reader) -> String {
    let result = view::of(result, reader);
    let mut out = format!("# {}\n\n**{}**", result.title, tally(&result.total));
    if result.extra_credit.max > 0.0 {
        let _ = write!(out, ", and {} extra", tally(&result.extra_credit));
    }
    out.push_str("\n\n");
    for assignment in &result.assignments {
        table(&mut out, assignment);
    }
    for note in &result.notes {
        let _ = writeln!(out, "> {}\n", note.text.replace('\n', "\n> "));
    }
    let _ = writeln!(out, "Sandbox: {}. Compiler: {}.", result.sandbox, result.toolchain);
    out
}

fn table(out: &mut String, assignment: &AssignmentResult) {
    let _ = writeln!(out, "## {}\n", cell(&assignment.title));
    out.push_str("| exercise | verdict | passed | points |\n| --- | --- | ---: | ---: |\n");
    for exercise in &assignment.exercises {
        let counted = exercise.checks.iter().filter(|check| !check.left_out);
        let passed = counted.clone().filter(|check| check.verdict == Verdict::Passed).count();
        let verdict = if exercise.published { exercise.verdict.words() } else { "to come" };
        let _ = writeln!(
            out,
            "| {}{} | {verdict} | {passed} of {} | {} of {} |",
            cell(&exercise.title),
            if exercise.extra_credit { " (extra credit)" } else { "" },
            counted.count(),
            points(exercise.tally.score),
            points(exercise.tally.max),
        );
    }
    out.push('\n');
    for exercise in &assignment.exercises {
        if !exercise.message.is_empty() {
            told(out, &format!("{}: {}", exercise.title, exercise.verdict.words()), &exercise.message);
        }
        let worth_telling = |check: &&CheckResult| {
            !matches!(check.verdict, Verdict::Passed | Verdict::NotAttempted | Verdict::NotRun)
        };
        for check in exercise.checks.iter().filter(worth_telling) {
            let mut text = check.message.clone();
            if let Some(program) = &check.program {
                text.push_str("\n\n");
                text.push_str(program);
            }
            told(out, &format!("{}: {}", check.title, check.verdict.words()), &text);
        }
    }
}

/// A heading that opens, with text as it stands. The fence is longer than any within.
fn told(out: &mut String, heading: &str, text: &str) {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let heading = heading.replace('&', "&amp;").replace('<', "&lt;");
    if text.trim().is_empty() {
        let _ = writeln!(out, "{heading}\n");
        return;
    }
    let _ = writeln!(
        out,
        "<details><summary>{heading}</summary>\n\n{fence}text\n{}\n{fence}\n\n</details>\n",
        text.trim_end()
    );
}

/// Text that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_summary_reads_as_before() {
        insta::assert_snapshot!(render(&sample::mixed(), Reader::Student));
    }

    #[test]
    fn a_message_cannot_end_its_fence_nor_a_title_its_cell() {
        let mut out = String::new();
        told(&mut out, "<b>", "```\n# not a heading\n````");
        assert!(out.contains("\n`````text\n") && out.contains("&lt;b>"), "{out}");
        assert_eq!(cell("a|b\nc"), "a\\|b c");
    }
}
