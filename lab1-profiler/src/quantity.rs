//! Numbers as people read them, given.

use std::fmt;

/// Bytes, with a decimal and a unit: `512 B`, `1.5 KiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One less at the edge, where a decimal would round up to 1024.0.
        let unit = (1..=6).take_while(|unit| self.0 as f64 >= 1023.95 * 1024_f64.powi(unit - 1)).count();
        let text = match unit {
            0 => format!("{} B", self.0),
            unit => {
                let name = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"][unit - 1];
                format!("{:.1} {name}", self.0 as f64 / 1024_f64.powi(unit as i32))
            }
        };
        f.pad(&text)
    }
}

/// A count, with commas: `1,234,567`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        let mut text = String::new();
        for (at, digit) in digits.char_indices() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_a_unit_that_keeps_them_below_a_thousand_and_twenty_four() {
        let shown =
            [0, 1023, 1024, 1536, 1 << 20, (1 << 20) - 1, 5 << 30, u64::MAX].map(|n| Bytes(n).to_string());
        assert_eq!(
            shown,
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.0 MiB", "5.0 GiB", "16.0 EiB"]
        );
    }

    #[test]
    fn counts_have_commas() {
        let shown = [0, 999, 1000, 1_234_567].map(|n| Count(n).to_string());
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
