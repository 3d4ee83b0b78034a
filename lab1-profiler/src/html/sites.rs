//! The stacks that allocated most, and their figures.

use super::{escape, frame_name, percent};
use crate::profile::{Figures, Row, Run};
use crate::quantity::{Bytes, Count};
use crate::report::{Symbols, Weight};
use std::fmt::{self, Write};

/// How many are shown.
const SHOWN: usize = 50;
/// Frames that are seen before a stack is opened.
const CLOSED: usize = 2;

pub fn write(run: &Run, rows: &[Row<'_>], symbols: &dyn Symbols, out: &mut dyn Write) -> fmt::Result {
    let total: u64 = rows.iter().map(|row| row.figures.allocated.bytes).sum();
    let lives = run.peak_clock.is_some();
    out.write_str("<ol class=\"sites\">\n")?;
    for row in rows.iter().take(SHOWN) {
        let Figures { allocated, at_peak, at_end, most, lifetime } = row.figures;
        writeln!(out, "<li data-bytes=\"{}\" data-blocks=\"{}\">\n<dl>", allocated.bytes, allocated.blocks)?;
        let share = percent(allocated.bytes as f64 / total.max(1) as f64);
        figure(&format!("allocated, {share}"), &weight(allocated), out)?;
        if lives {
            figure("at the peak", &weight(at_peak), out)?;
            figure("its own peak", &weight(most), out)?;
        }
        figure("never freed", &weight(at_end), out)?;
        if lives {
            let mean = Bytes(lifetime / allocated.blocks.max(1));
            figure("mean lifetime", &format!("{mean} allocated"), out)?;
        }
        out.write_str("</dl>\n")?;
        stack(row.stack, symbols, out)?;
        out.write_str("</li>\n")?;
    }
    out.write_str("</ol>\n")?;
    if let Some(rest) = rows.get(SHOWN..).filter(|rest| !rest.is_empty()) {
        let (bytes, blocks) = rest.iter().fold((0, 0), |(bytes, blocks), row| {
            (bytes + row.figures.allocated.bytes, blocks + row.figures.allocated.blocks)
        });
        writeln!(
            out,
            "<p id=\"not-shown\" data-bytes=\"{bytes}\" data-blocks=\"{blocks}\">Not shown: {} in {} blocks from {} stacks.</p>",
            Bytes(bytes),
            Count(blocks),
            Count(rest.len() as u64)
        )?;
    }
    Ok(())
}

fn figure(name: &str, text: &str, out: &mut dyn Write) -> fmt::Result {
    writeln!(out, "<div><dt>{name}</dt><dd>{text}</dd></div>")
}

fn weight(weight: Weight) -> String {
    if weight.blocks == 0 && weight.bytes == 0 {
        return "nothing".to_owned();
    }
    let plural = if weight.blocks == 1 { "" } else { "s" };
    format!("{} in {} block{plural}", Bytes(weight.bytes), Count(weight.blocks))
}

/// Innermost first; a long one opens.
fn stack(stack: &[usize], symbols: &dyn Symbols, out: &mut dyn Write) -> fmt::Result {
    let names: Vec<String> = match stack {
        [] => vec!["[unknown]".to_owned()],
        stack => stack.iter().map(|frame| frame_name(*frame, symbols)).collect(),
    };
    let spell = |names: &[String]| -> String {
        names.iter().map(|name| format!("<bdi>{}</bdi>\n", escape(name))).collect()
    };
    let (closed, rest) = names.split_at(CLOSED.min(names.len()));
    if rest.is_empty() {
        writeln!(out, "<div class=\"stack\">{}</div>", spell(closed))
    } else {
        writeln!(
            out,
            "<details class=\"stack\"><summary>{}<small>{} more</small></summary>{}</details>",
            spell(closed),
            rest.len(),
            spell(rest)
        )
    }
}
