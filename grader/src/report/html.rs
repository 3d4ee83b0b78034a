//! The result as one self-contained page: no script, no other file, fit for a phone, light and dark.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::record::Measured;
use crate::report::view::{self, Reader};
use crate::report::{alone, points, tally};
use crate::result::{AssignmentResult, CheckResult, CourseResult, ExerciseResult, Tally};
use crate::rubric::Visibility;
use crate::verdict::Verdict;

const CSS: &str = include_str!("html.css");

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
    html! {
        header {
            h1 { (result.title) }
            p.total { strong { (points(result.total.score)) } " of " (points(result.total.max)) }
            (meter(&result.total))
            p.counts { (tally(&result.total)) }
            @if result.extra_credit.max > 0.0 {
                p.counts { "Extra credit: " (tally(&result.extra_credit)) ", apart from the total" }
            }
        }
    }
}

/// Earned, lost, and what is neither, as one bar. The words beside it say the same.
fn meter(of: &Tally) -> Markup {
    let part = |x: f64| if of.max > 0.0 { (100.0 * x / of.max).clamp(0.0, 100.0) } else { 0.0 };
    html! {
        div.meter aria-hidden="true" {
            span.earned style=(format!("width:{:.2}%", part(of.score))) {}
            span.lost style=(format!("width:{:.2}%", part(of.visible - of.score))) {}
        }
    }
}

fn section(assignment: &AssignmentResult) -> Markup {
    html! {
        section {
            h2 { (assignment.title) span.points { (points(assignment.tally.score)) " of " (points(assignment.tally.max)) } }
            (meter(&assignment.tally))
            p.counts { (tally(&assignment.tally)) }
            @if assignment.exercises.is_empty() { p.counts { "Not published yet." } }
            @for e in &assignment.exercises { (exercise(assignment, e)) }
        }
    }
}

fn exercise(assignment: &AssignmentResult, exercise: &ExerciseResult) -> Markup {
    let open = exercise.verdict != Verdict::Passed && exercise.verdict != Verdict::NotAttempted;
    html! {
        details.exercise open[open] {
            summary {
                (badge(exercise.verdict))
                span.name { (exercise.title) @if exercise.extra_credit { " (extra credit)" } }
                span.points { (points(exercise.tally.score)) " of " (points(exercise.tally.max)) }
            }
            p.file { code { (assignment.id) "/" (exercise.file) } }
            @if !exercise.published { p.counts { "The checks of this exercise are to come." } }
            @if !exercise.message.is_empty() { pre { (exercise.message.trim_end()) } }
            @if !exercise.checks.is_empty() {
                ul.checks { @for c in &exercise.checks { (check(&assignment.id, c)) } }
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
                    " " span.kind { (check.kind) @if check.visibility == Visibility::Hidden { ", hidden" } }
                }
                span.points {
                    @if check.left_out { "left out" } @else { (points(check.score)) " of " (points(check.max)) }
                }
            }
            @if !check.message.is_empty() { pre.message { (check.message.trim_end()) } }
            @if let Some(program) = &check.program {
                p.label { "The shortest program that shows it" }
                pre.program { code { (program.trim_end()) } }
            }
            @if let Some(seed) = check.seed.as_deref().filter(|_| !passed) { p.label { "seed " code { (seed) } } }
            @if !check.measures.is_empty() { (measures(check)) }
            @if let Some(command) = alone(package, check).filter(|_| !passed) {
                p.label { "Run it alone: " code { (command) } }
            }
        }
    }
}

/// Each measure with its bar. Bars of one unit share a scale, so that they can be compared.
fn measures(check: &CheckResult) -> Markup {
    html! {
        table.measures {
            @for (name, m) in &check.measures {
                tr {
                    th scope="row" { (name.replace('_', " ")) }
                    td.figure { (figure(m)) }
                    td.bar { (bar(m, scale(check, &m.unit))) }
                }
            }
        }
    }
}

fn scale(check: &CheckResult, unit: &str) -> f64 {
    let of_unit = check.measures.values().filter(|m| m.unit == unit);
    of_unit.map(|m| m.high.unwrap_or(m.value).max(m.value)).filter(|v| v.is_finite()).fold(0.0, f64::max)
}

fn figure(m: &Measured) -> String {
    let number = |x: f64| if x.abs() >= 1000.0 { format!("{x:.0}") } else { format!("{x:.3}") };
    let interval = match (m.low, m.high) {
        (Some(low), Some(high)) => format!(" ({} to {})", number(low), number(high)),
        _ => String::new(),
    };
    format!("{} {}{interval}", number(m.value), m.unit).trim_end().to_owned()
}

fn bar(m: &Measured, most: f64) -> Markup {
    // Room on the right, so that the longest bar's interval is seen to end.
    let at = |x: f64| if most > 0.0 { (90.0 * x / most).clamp(0.0, 100.0) } else { 0.0 };
    html! {
        svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=(figure(m)) {
            rect.track x="0" y="2" width="100" height="4" {}
            rect.value x="0" y="2" width=(format!("{:.2}", at(m.value))) height="4" {}
            @if let (Some(low), Some(high)) = (m.low, m.high) {
                rect.interval x=(format!("{:.2}", at(low))) y="0"
                    width=(format!("{:.2}", (at(high) - at(low)).max(0.4))) height="8" {}
            }
        }
    }
}

fn badge(verdict: Verdict) -> Markup {
    // Never by colour alone: the word is there.
    let class = match verdict {
        Verdict::Passed => "badge good",
        Verdict::NotAttempted | Verdict::NotRun | Verdict::GraderBroke => "badge faint",
        _ => "badge bad",
    };
    html! { span class=(class) { (verdict.words()) } }
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
    fn the_page_needs_no_other_file_and_no_script() {
        let page = render(&sample::mixed(), Reader::Student);
        for word in ["http:", "https:", "<script", "<link", "src=", "url(", "@import"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}
