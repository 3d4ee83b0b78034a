//! Writes a profile as DHAT's JSON, given. Open it in Valgrind's viewer, `dh_view.html`.
//!
//! Format: the comment in Valgrind's `dhat/dh_main.c`, file version 2, heap mode without access counts. The
//! viewer refuses a file that names a stack twice.

use crate::profile::{Figures, Profile, Row, Run};
use crate::report::Symbols;
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// A mean lifetime up to this counts as short in the viewer, in bytes of the clock.
const SHORT: u64 = 1024;

/// Writes `profile`, with every stack as a program point. Time is the clock of allocated bytes.
///
/// # Errors
///
/// `out`'s.
pub fn write(profile: &Profile, symbols: &dyn Symbols, out: &mut dyn Write) -> fmt::Result {
    write_rows(&profile.run, &profile.rows(), symbols, out)
}

fn write_rows(run: &Run, rows: &[Row<'_>], symbols: &dyn Symbols, out: &mut dyn Write) -> fmt::Result {
    let lives = run.peak_clock.is_some();
    write!(
        out,
        "{{\"dhatFileVersion\":2,\"mode\":\"heap\",\"verb\":\"Allocated\",\"bklt\":{lives},\"bkacc\":false,\n\
         \"tu\":\"bytes allocated\",\"Mtu\":\"MB\",\"cmd\":"
    )?;
    string(&run.command, out)?;
    write!(out, ",\"pid\":{},\"te\":{}", run.pid, run.clock)?;
    if let Some(peak) = run.peak_clock {
        write!(out, ",\"tg\":{peak},\"tuth\":{SHORT}")?;
    }
    let mut frames = Frames { table: vec!["[root]".to_owned()], numbers: BTreeMap::new(), symbols };
    out.write_str(",\n\"pps\":[")?;
    for (at, row) in rows.iter().enumerate() {
        let Figures { allocated, at_peak, at_end, most, lifetime } = row.figures;
        let comma = if at == 0 { "" } else { "," };
        write!(out, "{comma}\n{{\"tb\":{},\"tbk\":{}", allocated.bytes, allocated.blocks)?;
        if lives {
            write!(
                out,
                ",\"tl\":{lifetime},\"mb\":{},\"mbk\":{},\"gb\":{},\"gbk\":{},\"eb\":{},\"ebk\":{}",
                most.bytes, most.blocks, at_peak.bytes, at_peak.blocks, at_end.bytes, at_end.blocks
            )?;
        }
        let numbers: Vec<String> = row.stack.iter().map(|frame| frames.number(*frame).to_string()).collect();
        write!(out, ",\"fs\":[{}]}}", numbers.join(","))?;
    }
    out.write_str("],\n\"ftbl\":[")?;
    for (at, name) in frames.table.iter().enumerate() {
        out.write_str(if at == 0 { "\n" } else { ",\n" })?;
        string(name, out)?;
    }
    out.write_str("]}\n")
}

/// The frames that were met, each once.
struct Frames<'s> {
    table: Vec<String>,
    numbers: BTreeMap<usize, usize>,
    symbols: &'s dyn Symbols,
}

impl Frames<'_> {
    fn number(&mut self, frame: usize) -> usize {
        *self.numbers.entry(frame).or_insert_with(|| {
            let name = self.symbols.name(frame.saturating_sub(1)).filter(|name| !name.is_empty());
            self.table.push(format!("{frame:#x}: {}", name.unwrap_or("???")));
            self.table.len() - 1
        })
    }
}

/// A JSON string.
fn string(text: &str, out: &mut dyn Write) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(out, "\\{c}")?,
            c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::example::{NAMES, Names, frame, rows, run, stacks};
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn written(run: &Run) -> (String, Value) {
        let (stacks, mut out) = (stacks(), String::new());
        write_rows(run, &rows(&stacks), &Names::default(), &mut out).expect("a string takes all");
        let value = serde_json::from_str(&out).expect("JSON");
        (out, value)
    }

    #[test]
    fn all_that_the_viewer_asks_for_is_there_with_and_without_lives() {
        for lives in [true, false] {
            let (_, file) = written(&Run { peak_clock: lives.then_some(160_000), ..run() });
            let fields = [
                "dhatFileVersion",
                "mode",
                "verb",
                "bklt",
                "bkacc",
                "tu",
                "Mtu",
                "cmd",
                "pid",
                "te",
                "pps",
                "ftbl",
            ];
            let with_lives = ["tg", "tuth"];
            fields.iter().for_each(|field| assert!(file.get(field).is_some(), "{field}"));
            with_lives.iter().for_each(|field| assert_eq!(file.get(field).is_some(), lives, "{field}"));
            for point in file["pps"].as_array().expect("a list") {
                ["tb", "tbk", "fs"].iter().for_each(|field| assert!(point.get(field).is_some(), "{field}"));
                let with_lives = ["tl", "mb", "mbk", "gb", "gbk", "eb", "ebk"];
                with_lives.iter().for_each(|field| assert_eq!(point.get(field).is_some(), lives, "{field}"));
            }
        }
    }

    #[test]
    fn every_stack_is_there_once_with_its_figures_and_its_names() {
        let (_, file) = written(&run());
        let (stacks, table) = (stacks(), file["ftbl"].as_array().expect("a list"));
        let points = file["pps"].as_array().expect("a list");
        assert_eq!(points.len(), stacks.len());
        assert_eq!(
            points.iter().map(|point| point["fs"].to_string()).collect::<BTreeSet<_>>().len(),
            stacks.len()
        );
        for (point, row) in points.iter().zip(rows(&stacks)) {
            assert_eq!(point["tb"], row.figures.allocated.bytes);
            assert_eq!(point["gbk"], row.figures.at_peak.blocks);
            assert_eq!(point["tl"], row.figures.lifetime);
        }
        let of =
            |n: usize| format!("{:#x}: {}", frame(n), if NAMES[n].is_empty() { "???" } else { NAMES[n] });
        for (n, point) in points.iter().enumerate().take(NAMES.len() - 1) {
            let numbers = point["fs"].as_array().expect("a list");
            let name = &table[numbers[0].as_u64().expect("a number") as usize];
            assert_eq!(name, &of(n + 1));
        }
    }

    #[test]
    fn the_file_reads_as_before() {
        let (stacks, mut out) = (stacks(), String::new());
        write_rows(&run(), &rows(&stacks)[..10], &Names::default(), &mut out).expect("a string takes all");
        insta::assert_snapshot!(out);
    }
}
