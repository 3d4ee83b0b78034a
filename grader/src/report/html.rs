//! The result as one self-contained page: no script, no other file, fit for a phone, light and dark.
//!
//! What did not pass comes first and in full, then what was measured; the rest is a list that opens.

mod measures;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::view::{self, Reader};
use crate::report::{alone, points, tally};
use crate::result::{AssignmentResult, CheckResult, CourseResult, ExerciseResult, Tally};
use crate::rubric::{Kind, Visibility};
use crate::verdict::Verdict;

const CSS: &str = include_str!("html/page.css");

/// The result as a page.
pub fn render(result: &CourseResult, reader: Reader) -> String {
    let result = view::of(result, reader);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (result.title) }
                style { (PreEscaped(CSS)) }
            }
            body {
                (header(&result))
                main {
                    @for note in &result.notes { p.note { (note.text) } }
                    @for assignment in &result.assignments { (section(assignment)) }
                }
                footer {
                    p { "Timing was measured here, and is graded on the course's machine." }
                    dl {
                        dt { "sandbox" } dd { (result.sandbox) }
                        dt { "toolchain" } dd { (result.toolchain) }
                        dt { "submission" } dd { code { (short(&result.submission)) } }
                        dt { "course" } dd { code { (short(&result.course)) } }
                        dt { "took" } dd { (format!("{:.1} s", result.seconds)) }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn header(result: &CourseResult) -> Markup {
    let passed = result.checks().filter(|(_, _, check)| check.verdict == Verdict::Passed).count();
    html! {
        header {
            h1 { (result.title) }
            p.total { strong { (points(result.total.score)) } " of " (points(result.total.max)) " points" }
            (meter(&result.total))
            @if result.checks().next().is_some() {
                p.counts { (passed) " of " (result.checks().count()) " checks passed" }
            }
            (apart(&result.total))
            @if result.extra_credit.max > 0.0 {
                p.counts { "Extra credit: " (tally(&result.extra_credit)) ", apart from the total" }
            }
            @if result.assignments.len() > 1 {
                nav { ul {
                    @for a in &result.assignments {
                        li { a href={ "#" (a.short) } { span.name { (a.title) } (meter(&a.tally)) (of(&a.tally)) } }
                    }
                } }
            }
        }
    }
}

/// Earned, lost, and what is neither, as one bar. The words beside it say the same.
fn meter(of: &Tally) -> Markup {
    let part = |x: f64| if of.max > 0.0 { (100.0 * x / of.max).clamp(0.0, 100.0) } else { 0.0 };
    html! {
        span.meter aria-hidden="true" {
            span.earned style=(format!("width:{:.2}%", part(of.score))) {}
            span.lost style=(format!("width:{:.2}%", part(of.visible - of.score))) {}
        }
    }
}

fn of(tally: &Tally) -> Markup {
    html! { span.points { (points(tally.score)) " of " (points(tally.max)) } }
}

/// What is neither earned nor lost, where there is any.
fn apart(of: &Tally) -> Markup {
    html! { @if of.hidden > 0.0 || of.undecided > 0.0 { p.counts { (tally(of)) } } }
}

fn section(assignment: &AssignmentResult) -> Markup {
    html! {
        section id=(assignment.short) {
            h2 { span.name { (assignment.title) } (of(&assignment.tally)) }
            (meter(&assignment.tally))
            (apart(&assignment.tally))
            @if assignment.exercises.is_empty() { p.counts { "Not published yet." } }
            @for e in &assignment.exercises { (exercise(assignment, e)) }
        }
    }
}

fn exercise(assignment: &AssignmentResult, exercise: &ExerciseResult) -> Markup {
    let quiet = [Verdict::Passed, Verdict::NotAttempted, Verdict::NotRun];
    let (rest, loud): (Vec<_>, Vec<_>) =
        exercise.checks.iter().partition(|check| quiet.contains(&check.verdict) && check.measures.is_empty());
    let open = exercise.verdict != Verdict::Passed && exercise.verdict != Verdict::NotAttempted;
    html! {
        details.exercise open[open] {
            summary {
                (badge(exercise.verdict))
                span.name { (exercise.title) @if exercise.extra_credit { " " span.aside { "extra credit" } } }
                (meter(&exercise.tally))
                (of(&exercise.tally))
            }
            p.file { code { (assignment.id) "/" (exercise.file) } }
            @if !exercise.published { p.counts { "The checks of this exercise are to come." } }
            @if !exercise.message.is_empty() { pre.code { (exercise.message.trim_end()) } }
            @if !exercise.checks.is_empty() { (kinds(&exercise.checks)) }
            @let measured = |check: &&&CheckResult| check.verdict == Verdict::Passed;
            ul.checks {
                @for c in loud.iter().filter(|c| !measured(c)) { (check(&assignment.id, c)) }
                @for c in loud.iter().filter(measured) { (check(&assignment.id, c)) }
            }
            @for verdict in quiet {
                @let those: Vec<_> = rest.iter().filter(|check| check.verdict == verdict).collect();
                @if !those.is_empty() {
                    details.rest {
                        summary { (those.len()) " " (verdict.words()) }
                        ul.checks { @for c in those { (check(&assignment.id, c)) } }
                    }
                }
            }
        }
    }
}

/// How many checks of each kind passed.
fn kinds(checks: &[CheckResult]) -> Markup {
    html! {
        ul.kinds {
            @for kind in Kind::ALL {
                @let of_kind = || checks.iter().filter(move |check| check.kind == kind);
                @let passed = of_kind().filter(|check| check.verdict == Verdict::Passed).count();
                @if of_kind().count() > 0 {
                    li { (kind) " " strong { (passed) " of " (of_kind().count()) } }
                }
            }
        }
    }
}

fn check(package: &str, check: &CheckResult) -> Markup {
    let passed = check.verdict == Verdict::Passed;
    html! {
        li {
            div.line {
                (badge(check.verdict))
                span.name {
                    (check.title)
                    " " span.aside { (check.kind) @if check.visibility == Visibility::Hidden { ", hidden" } }
                }
                span.points {
                    @if check.left_out { "left out" } @else { (points(check.score)) " of " (points(check.max)) }
                }
            }
            @if !check.message.is_empty() { p.message { (prose(check.message.trim_end())) } }
            (measures::all(check))
            @if let Some(program) = &check.program {
                p.label { "The shortest program that shows it" }
                pre.code tabindex="0" { code { (program.trim_end()) } }
            }
            @if let Some(command) = alone(package, check).filter(|_| !passed) {
                p.label { "Run it alone" @if let Some(seed) = &check.seed { ", on seed " code { (seed) } } }
                pre.code.command { code { (command) } }
            }
        }
    }
}

/// A message, with what stands between backticks as code.
fn prose(message: &str) -> Markup {
    html! {
        @for (at, part) in message.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn badge(verdict: Verdict) -> Markup {
    // Never by colour alone: the word is there.
    let (class, sign) = match verdict {
        Verdict::Passed => ("badge good", "✓"),
        Verdict::NotAttempted | Verdict::NotRun | Verdict::GraderBroke => ("badge faint", "–"),
        _ => ("badge bad", "✗"),
    };
    html! { span class=(class) { span aria-hidden="true" { (sign) } " " (verdict.words()) } }
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_page_reads_as_before() {
        let page = render(&sample::mixed(), Reader::Student);
        // Line by line, and without the style sheet, so that a difference can be read.
        insta::assert_snapshot!(page.replace(CSS, "").replace('>', ">\n"));
    }

    #[test]
    fn a_students_markup_is_text() {
        let page = render(&sample::mixed(), Reader::Student);
        assert!(!page.contains("<b>bytes</b>") && page.contains("&lt;b&gt;bytes"));
    }

    #[test]
    fn what_stands_between_backticks_is_code_and_a_lone_one_hides_nothing() {
        let page = |message| prose(message).into_string();
        assert_eq!(page("at `walk()`: no"), "at <code>walk()</code>: no");
        assert!(page("it's `<b>").contains("&lt;b&gt;"));
    }

    #[test]
    fn the_page_needs_no_other_file_and_no_script() {
        let page = render(&sample::mixed(), Reader::Student);
        for word in ["http:", "https:", "<script", "<link", "src=", "url(", "@import"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
