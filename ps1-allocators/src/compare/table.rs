//! The outcomes as text.

use crate::race::Outcome;
use std::fmt::Write;

/// The outcomes on one trace, in the contestants' order.
pub struct Column {
    /// The trace's name.
    pub trace: String,
    /// One a contestant.
    pub results: Vec<Outcome>,
}

/// Width of a figure's column; a trace's name beyond it is cut.
const WIDTH: usize = 20;

/// The table.
pub fn table(names: &[&str], columns: &[Column], passes: usize) -> String {
    let first = names.first().copied().unwrap_or_default();
    let mut text = format!(
        "Speed beside {first} (its time over the contestant's, so above 1 is faster): from {passes} passes, with \
         its 95 % interval\n"
    );
    rows(&mut text, names, columns, |outcome| match outcome {
        Outcome::Raced { speed, .. } => format!("{:.2} [{:.2}, {:.2}]", speed.value, speed.low, speed.high),
        Outcome::NotWritten => "not written yet".to_owned(),
        Outcome::Out(_) => "out, see below".to_owned(),
    });
    text.push_str("\nNanoseconds an operation, and utilisation (peak live bytes over pages ever used)\n");
    rows(&mut text, names, columns, |outcome| match outcome {
        Outcome::Raced { nanos, utilisation: Some(part), .. } => {
            format!("{nanos:.0} ns, {:.0} %", part * 100.0)
        }
        Outcome::Raced { nanos, utilisation: None, .. } => format!("{nanos:.0} ns"),
        _ => "-".to_owned(),
    });
    for column in columns {
        for (name, outcome) in names.iter().zip(&column.results) {
            if let Outcome::Out(why) = outcome {
                let _ = write!(text, "\n{name} on {}: {why}", column.trace);
            }
        }
    }
    if text.ends_with('\n') { text } else { text + "\n" }
}

fn rows(text: &mut String, names: &[&str], columns: &[Column], figure: impl Fn(&Outcome) -> String) {
    let widest = names.iter().map(|name| name.len()).max().unwrap_or(0);
    let _ = write!(text, "{:widest$}", "");
    for column in columns {
        let name: String = column.trace.chars().take(WIDTH - 1).collect();
        let _ = write!(text, "  {name:>WIDTH$}");
    }
    text.push('\n');
    for (row, name) in names.iter().enumerate() {
        let _ = write!(text, "{name:widest$}");
        for column in columns {
            let shown = column.results.get(row).map(&figure).unwrap_or_default();
            let _ = write!(text, "  {shown:>WIDTH$}");
        }
        text.push('\n');
    }
}

/// Outcomes to test with: each kind of them, the same every time.
#[cfg(test)]
pub fn sample(contestants: usize, traces: usize) -> Vec<Column> {
    use crate::statistics::Interval;
    let result = |row: usize, column: usize| match (row, column) {
        (2, _) => Outcome::NotWritten,
        (3, 1) => Outcome::Out("refused 3 of 9 calls".to_owned()),
        _ => {
            let median = 0.02 * (1 + row) as f64 * 2_f64.powi(((row * 3 + column) % 6) as i32);
            let speed = Interval { value: median, low: median * 0.9, high: median * 1.2 };
            Outcome::Raced { speed, nanos: 20.0 / median, utilisation: (row > 0).then_some(0.5) }
        }
    };
    let column = |column| {
        let results = (0..contestants).map(|row| result(row, column)).collect();
        Column { trace: ["cc1", "gdb", "perl", "python-json", "a<b&\"c\""][column % 5].to_owned(), results }
    };
    (0..traces).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_as_before() {
        let names = ["System", "Buddy (yours)", "Slab (yours)", "buddy_system_allocator"];
        insta::assert_snapshot!(table(&names, &sample(4, 2), 15));
    }
}
