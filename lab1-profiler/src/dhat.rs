//! Writes an aggregate as DHAT's JSON, given. Open it in Valgrind's viewer, `dh_view.html`.
//!
//! Format: `dhat/dh_main.c` in Valgrind, file version 2; heap mode without access counts.

use crate::report::{Aggregate, Symbols};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// Writes `aggregate`, with every stack as a program point.
///
/// # Errors
///
/// `out`'s.
pub fn write(aggregate: &Aggregate, symbols: &dyn Symbols, out: &mut dyn Write) -> fmt::Result {
    out.write_str(concat!(
        r#"{"dhatFileVersion":2,"mode":"heap","verb":"Allocated","bklt":false,"bkacc":false,"#,
        r#""tu":"bytes","Mtu":"MB","cmd":"lab1","pid":0,"te":0,"pps":["#
    ))?;
    let mut frames = BTreeMap::new();
    let mut table = vec![String::from("[root]")];
    for (i, (stack, weight)) in aggregate.stacks().into_iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        write!(out, r#"{comma}{{"tb":{},"tbk":{},"fs":["#, weight.bytes, weight.blocks)?;
        for (j, &address) in stack.iter().enumerate() {
            let frame = *frames.entry(address).or_insert_with(|| {
                let name = symbols.name(address.saturating_sub(1)).unwrap_or("???");
                table.push(format!("{address:#x}: {name}"));
                table.len() - 1
            });
            write!(out, "{}{frame}", if j == 0 { "" } else { "," })?;
        }
        out.write_str("]}")?;
    }
    out.write_str(r#"],"ftbl":["#)?;
    for (i, name) in table.iter().enumerate() {
        out.write_str(if i == 0 { "" } else { "," })?;
        string(name, out)?;
    }
    out.write_str("]}\n")
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
