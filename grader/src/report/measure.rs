//! A measure in words: its figure, and the edges between which it earns points.

use crate::record::Measured;

/// Where a measure earns no points and where all of them, if it earns any.
pub fn edges(m: &Measured) -> Option<(f64, f64)> {
    m.zero.zip(m.full).filter(|(zero, full)| zero != full)
}

/// The figure with its unit.
pub fn figure(m: &Measured) -> String {
    with_unit(&number(m.value), m)
}

/// An edge with the unit, in the rubric's own digits.
pub fn edge(m: &Measured, x: f64) -> String {
    with_unit(&x.to_string(), m)
}

/// `2x`, but `4096 bytes`.
fn with_unit(number: &str, m: &Measured) -> String {
    let apart = m.unit.len() > 1 && !m.unit.starts_with(' ');
    format!("{number}{}{}", if apart { " " } else { "" }, m.unit)
}

/// A number with four digits or so, and none after the point where it is whole.
pub fn number(x: f64) -> String {
    let decimals = match x.abs() {
        whole if whole == whole.trunc() => 0,
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 3,
    };
    format!("{x:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_is_a_word_stands_apart() {
        let plain = |value, unit: &str| {
            figure(&Measured { value, unit: unit.into(), low: None, high: None, full: None, zero: None })
        };
        assert_eq!(
            [plain(4096.0, "bytes"), plain(0.1998, " of an object"), plain(12.34, "x")],
            ["4096 bytes", "0.200 of an object", "12.3x"]
        );
    }
}
