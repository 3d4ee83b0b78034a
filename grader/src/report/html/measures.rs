//! What a check measured: what earns points on a scale between its two edges, the rest as figures.

use maud::{Markup, html};

use crate::record::Measured;
use crate::report::measure::{edge, edges, figure, number};
use crate::result::CheckResult;

/// All measures of a check.
pub fn all(check: &CheckResult) -> Markup {
    let named = || check.measures.iter().map(|(name, measured)| (name.replace('_', " "), measured));
    let figures: Vec<_> = named().filter(|(_, m)| edges(m).is_none()).collect();
    html! {
        @for (name, m) in named() {
            @if let Some((zero, full)) = edges(m) { (between(&name, m, zero, full)) }
        }
        @if !figures.is_empty() {
            dl.figures { @for (name, m) in figures { div { dt { (name) } dd { (with_interval(m)) } } } }
        }
    }
}

/// A measure on its scale, where better is to the right whichever way it counts: from a quarter on points are
/// earned, and from three quarters on all of them. What lies beyond the ends is drawn at them.
fn between(name: &str, m: &Measured, zero: f64, full: f64) -> Markup {
    let at = |x: f64| (25.0 + 50.0 * (x - zero) / (full - zero)).clamp(0.0, 100.0);
    let (one, other) = (at(m.low.unwrap_or(m.value)), at(m.high.unwrap_or(m.value)));
    let (none, all) = (format!("none at {}", edge(m, zero)), format!("full points at {}", edge(m, full)));
    html! {
        div.measure {
            p { (name) " " strong { (with_interval(m)) } }
            svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img"
                aria-label=(format!("{}; {all}, {none}", with_interval(m))) {
                rect.none x="0" y="2" width="25" height="6" {}
                rect.some x="25" y="2" width="50" height="6" {}
                rect.all x="75" y="2" width="25" height="6" {}
                rect.interval x=(format!("{:.2}", one.min(other))) y="3.5"
                    width=(format!("{:.2}", (one - other).abs())) height="3" {}
                rect.value x=(format!("{:.2}", (at(m.value) - 0.4).clamp(0.0, 99.2))) y="0" width="0.8" height="10" {}
            }
            p.edges aria-hidden="true" { span { (none) } span { (all) } }
        }
    }
}

/// The figure with its unit and interval.
fn with_interval(m: &Measured) -> String {
    let interval = match (m.low, m.high) {
        (Some(low), Some(high)) => format!(" ({} to {})", number(low), number(high)),
        _ => String::new(),
    };
    figure(m) + &interval
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(value: f64, zero: f64, full: f64) -> String {
        let m =
            Measured { value, unit: "x".into(), low: None, high: None, full: Some(full), zero: Some(zero) };
        between("speed", &m, zero, full).into_string()
    }

    #[test]
    fn better_is_to_the_right_whichever_way_a_measure_counts() {
        for (zero, full) in [(1.0, 2.0), (2.0, 1.0)] {
            let place = |value| {
                let text = drawn(value, zero, full);
                let rest = text.split("class=\"value\" x=\"").nth(1).unwrap_or_default().to_owned();
                rest.split('"').next().unwrap_or_default().parse::<f64>().unwrap_or(f64::NAN)
            };
            assert_eq!((place(zero), place(full)), (24.6, 74.6));
            assert_eq!((place(zero - 9.0 * (full - zero)), place(full + 9.0 * (full - zero))), (0.0, 99.2));
        }
    }

    #[test]
    fn a_measure_tells_its_edges_in_words() {
        let text = drawn(1.5, 1.0, 2.0);
        assert!(text.contains("1.500x; full points at 2x, none at 1x"), "{text}");
    }
}
