//! The result for a terminal: a table an assignment, what did not pass and what to do about it, the total.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::report::view::{self, Reader};
use crate::report::{alone, measure, points, tally};
use crate::result::{AssignmentResult, CheckResult, CourseResult, ExerciseResult};
use crate::rubric::{Kind, Visibility};
use crate::verdict::Verdict;

/// Failing checks of one exercise that are printed in full. A student mends them one at a time.
const SHOWN: usize = 3;

/// Whether the output goes to a terminal that shows colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Bytes that any program can take.
    Plain,
    /// With ANSI colours.
    Colour,
}

/// The result as text.
pub fn render(result: &CourseResult, reader: Reader, style: Style) -> String {
    let result = view::of(result, reader);
    let mut out = String::new();
    for assignment in &result.assignments {
        table(&mut out, assignment, style);
    }
    for assignment in &result.assignments {
        for exercise in &assignment.exercises {
            failures(&mut out, assignment, exercise, style);
        }
    }
    for note in &result.notes {
        let _ = writeln!(out, "note: {}", indented(&note.text, 6).trim_start());
    }
    if !result.notes.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}  {}", style.strong("Total       "), tally(&result.total));
    // Only where some was asked for: a zero of zero says nothing.
    if result.extra_credit.max > 0.0 {
        let _ = writeln!(out, "Extra credit  {}, apart from the total", tally(&result.extra_credit));
    }
    let _ = writeln!(
        out,
        "Timing was measured here, and is graded on the course's machine. Sandbox: {}.",
        result.sandbox
    );
    out
}

fn table(out: &mut String, assignment: &AssignmentResult, style: Style) {
    let _ = writeln!(out, "{} ({})", style.strong(&assignment.title), assignment.id);
    if assignment.exercises.is_empty() {
        let _ = writeln!(out, "  not published yet; {} points\n", points(assignment.tally.max));
        return;
    }
    let width = assignment.exercises.iter().map(|e| e.title.chars().count()).max().unwrap_or(0).max(8);
    let _ = writeln!(out, "  {:width$}  {:12}  {:>9}  {:>15}", "exercise", "kind", "passed", "points");
    for exercise in &assignment.exercises {
        let mut title = exercise.title.as_str();
        for row in rows(exercise) {
            let paint = style.of(row.colour);
            let line = format!("{:12}  {:>9}  {:>15}", row.kind, row.passed, row.points);
            let extra = if exercise.extra_credit && !title.is_empty() { "  extra credit" } else { "" };
            let _ = writeln!(out, "  {title:width$}  {}{extra}", style.paint(paint, &line));
            title = "";
        }
        for line in exercise.checks.iter().flat_map(measures) {
            let _ = writeln!(out, "  {:width$}  {}", "", style.paint(style.of(Colour::Faint), &line));
        }
    }
    let _ = writeln!(out, "  {:width$}  {}\n", "", tally(&assignment.tally));
}

/// A line of an exercise: a kind of checks, or what became of all of it.
struct Row {
    kind: String,
    passed: String,
    points: String,
    colour: Colour,
}

fn rows(exercise: &ExerciseResult) -> Vec<Row> {
    let whole = |kind: &str, colour| {
        let max = if exercise.tally.visible > 0.0 { exercise.tally.visible } else { exercise.tally.max };
        let points = format!("{:.2} of {max:.2}", exercise.tally.score);
        vec![Row { kind: kind.into(), passed: String::new(), points, colour }]
    };
    if !exercise.published {
        return whole("to come", Colour::Faint);
    }
    let nothing =
        exercise.checks.iter().all(|c| matches!(c.verdict, Verdict::NotAttempted | Verdict::NotRun));
    if exercise.checks.is_empty() || (nothing && exercise.verdict == Verdict::NotAttempted) {
        return whole(exercise.verdict.words(), Colour::of(exercise.verdict));
    }
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let of_kind = || exercise.checks.iter().filter(|c| c.kind == kind);
        let counted = of_kind().filter(|c| !c.left_out).count();
        if of_kind().count() == 0 {
            continue;
        }
        let passed = of_kind().filter(|c| c.verdict == Verdict::Passed).count();
        // Not the sum of the checks' points, which are rounded.
        let tally = exercise.kinds.get(&kind).copied().unwrap_or_default();
        rows.push(Row {
            kind: kind.name().into(),
            passed: if counted == 0 { "left out".into() } else { format!("{passed} of {counted}") },
            points: format!("{:.2} of {:.2}", tally.score, tally.visible),
            colour: match passed {
                _ if counted == 0 => Colour::Faint,
                n if n == counted => Colour::Good,
                _ => Colour::Bad,
            },
        });
    }
    rows
}

/// What earned a check its points, beside where it earns all of them.
fn measures(check: &CheckResult) -> impl Iterator<Item = String> {
    check.measures.iter().filter_map(|(name, m)| {
        let (_, full) = measure::edges(m)?;
        let (name, seen) = (name.replace('_', " "), measure::figure(m));
        Some(format!("{name} {seen}; full points at {}", measure::edge(m, full)))
    })
}

fn failures(out: &mut String, assignment: &AssignmentResult, exercise: &ExerciseResult, style: Style) {
    if !exercise.published {
        return;
    }
    let place = format!("{}/{}", assignment.short, exercise.id);
    let file = format!("{}/{}", assignment.id, exercise.file);
    if !exercise.message.is_empty() {
        let verdict = style.verdict(exercise.verdict);
        let _ = writeln!(out, "{place}: {verdict}\n{}", indented(&exercise.message, 4));
        let _ = writeln!(out, "    next: edit {file}, then `cargo grade {place}`\n");
        return;
    }
    let failing: Vec<&CheckResult> = exercise.checks.iter().filter(|c| is_worth_telling(c)).collect();
    let waiting = exercise.checks.iter().filter(|c| c.verdict == Verdict::NotAttempted).count();
    if failing.is_empty() && waiting > 0 {
        let _ = writeln!(out, "{place}: {}", style.verdict(Verdict::NotAttempted));
        let _ = writeln!(
            out,
            "    next: fill in the `todo!`s of {file}; {assignment}/README.md tells how\n",
            assignment = assignment.id
        );
    }
    let shown = chosen(&failing);
    for check in &shown {
        // A hidden check's name is no name; its title is all there is to say.
        let what = match check.visibility {
            Visibility::Public => check.id.clone(),
            Visibility::Hidden => format!("{place}, hidden {}: {}", check.kind, check.title),
        };
        let _ = writeln!(out, "{what}: {}", style.verdict(check.verdict));
        if !check.message.is_empty() {
            let _ = writeln!(out, "{}", indented(&check.message, 4));
        }
        if check.verdict.is_ours() {
            out.push_str("    next: grade again; this is no fault of yours and costs nothing. Tell the course where it stays\n");
        } else if let Some(command) = alone(&assignment.id, check) {
            let _ = writeln!(out, "    next: edit {file}, then `{command}`");
        }
        out.push('\n');
    }
    let rest = failing.len() - shown.len();
    if rest > 0 {
        let _ = writeln!(out, "{place}: and {rest} more that did not pass; the HTML report has them all");
    }
    if let Some(check) = shown.iter().find(|c| c.visibility == Visibility::Public && !c.verdict.is_ours()) {
        let _ = writeln!(out, "{place}: `cargo grade explain {}` tells what a check asks for\n", check.id);
    } else if rest > 0 {
        out.push('\n');
    }
}

/// Those to print in full, in the checks' order. Checks of one kind fail for one reason more often than those of several;
/// so of each kind there is the one that says it in the fewest words, then whatever comes first.
fn chosen<'c>(failing: &[&'c CheckResult]) -> Vec<&'c CheckResult> {
    let mut shortest: BTreeMap<Kind, usize> = BTreeMap::new();
    for (at, check) in failing.iter().enumerate() {
        let words = |at: usize| (failing[at].message.is_empty(), failing[at].message.len());
        let known = shortest.entry(check.kind).or_insert(at);
        *known = if words(at) < words(*known) { at } else { *known };
    }
    let mut chosen: Vec<usize> = shortest.into_values().chain(0..failing.len()).collect();
    let mut met = BTreeSet::new();
    chosen.retain(|at| met.insert(*at));
    chosen.truncate(SHOWN);
    chosen.sort_unstable();
    chosen.into_iter().map(|at| failing[at]).collect()
}

// A check that was not reached or not run is told by the one that stands in its way.
fn is_worth_telling(check: &CheckResult) -> bool {
    !matches!(check.verdict, Verdict::Passed | Verdict::NotAttempted | Verdict::NotRun)
}

fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    // A message may quote a student's bytes, which must not reach the terminal as codes.
    let plain =
        |l: &str| l.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
    let lines = text.trim_end().lines().map(|l| {
        let l: String = plain(l);
        if l.is_empty() { l } else { format!("{pad}{l}") }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[derive(Clone, Copy)]
enum Colour {
    Good,
    Bad,
    Faint,
}

impl Colour {
    fn of(verdict: Verdict) -> Colour {
        match verdict {
            Verdict::Passed => Colour::Good,
            Verdict::NotAttempted | Verdict::NotRun | Verdict::GraderBroke => Colour::Faint,
            _ => Colour::Bad,
        }
    }
}

impl Style {
    fn of(self, colour: Colour) -> &'static str {
        match colour {
            Colour::Good => "32",
            Colour::Bad => "31",
            Colour::Faint => "2",
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Style::Plain => text.to_owned(),
            Style::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn verdict(self, verdict: Verdict) -> String {
        self.paint(self.of(Colour::of(verdict)), verdict.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_mixed_submission_reads_as_before() {
        insta::assert_snapshot!(render(&sample::mixed(), Reader::Student, Style::Plain));
    }

    #[test]
    fn a_perfect_submission_reads_as_before() {
        let text = render(&sample::perfect(), Reader::Student, Style::Plain);
        assert!(text.contains("62 of 62 visible points; 38 hidden"), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn of_each_kind_that_fails_one_check_is_told_in_full_and_that_the_shortest() {
        let failing = |kind, id: &str, words: &str| CheckResult {
            kind,
            id: id.into(),
            verdict: Verdict::Failed,
            message: words.into(),
            ..sample::mixed().assignments[0].exercises[0].checks[0].clone()
        };
        let checks = [
            failing(Kind::Correctness, "a", "a long story"),
            failing(Kind::Correctness, "b", "a story"),
            failing(Kind::Correctness, "c", ""),
            failing(Kind::Property, "d", "a program of forty lines"),
            failing(Kind::Property, "e", "one of two"),
        ];
        let ids = |checks: &[CheckResult]| {
            let failing: Vec<&CheckResult> = checks.iter().collect();
            chosen(&failing).into_iter().map(|check| check.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&checks), ["a", "b", "e"]);
        assert_eq!(ids(&checks[..1]), ["a"]);
    }

    #[test]
    fn a_row_is_no_sum_of_rounded_points() {
        let mut result = sample::perfect();
        let buddy = &mut result.assignments[0].exercises[0];
        // Each is worth 0.075.
        let check = CheckResult { score: 0.08, max: 0.08, ..buddy.checks[0].clone() };
        buddy.checks = vec![check; 16];
        let row = buddy.kinds.get_mut(&Kind::Correctness).unwrap();
        (row.score, row.visible) = (1.2, 1.2);
        let text = render(&result, Reader::Student, Style::Plain);
        assert!(text.contains("16 of 16     1.20 of 1.20"), "{text}");
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let plain = render(&sample::mixed(), Reader::Student, Style::Plain);
        let mut colour = render(&sample::mixed(), Reader::Student, Style::Colour);
        assert!(!plain.contains('\x1b') && colour.contains('\x1b'));
        for code in ["\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"] {
            colour = colour.replace(code, "");
        }
        assert_eq!(plain, colour);
    }

    #[test]
    fn terminal_codes_in_a_students_message_are_data() {
        let mut result = sample::mixed();
        result.assignments[0].exercises[0].checks[0].message = "\x1b[2J\x1b]0;own\x07 <b>".into();
        let text = render(&result, Reader::Student, Style::Plain);
        assert!(!text.contains('\x1b') && !text.contains('\x07'));
    }
}
