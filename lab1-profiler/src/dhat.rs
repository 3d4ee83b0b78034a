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
