//! Writes a profile as one page for a browser, given: it needs nothing else, also no network.
//!
//! The page is well-formed XML too, so that a test can read it as such. Names are text and nothing but text:
//! they are escaped, control characters are shown as pictures, and each is set apart from the direction of the
//! writing around it.

mod bars;
mod chart;
mod flame;
mod sites;

use crate::profile::{Profile, Row, Run};
use crate::quantity::{Bytes, Count};
use crate::report::{Symbols, Weight};
use std::fmt::{self, Write};

/// Writes `profile` as a page.
///
/// # Errors
///
/// `out`'s.
pub fn write(profile: &Profile, symbols: &dyn Symbols, out: &mut dyn Write) -> fmt::Result {
    write_rows(&profile.run, &profile.rows(), symbols, out)
}

fn write_rows(run: &Run, rows: &[Row<'_>], symbols: &dyn Symbols, out: &mut dyn Write) -> fmt::Result {
    let command = escape(&run.command);
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta \
         charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>Heap \
         profile of {command}</title>\n<style>\n{}</style>\n</head>\n<body>\n<h1>Heap profile</h1>\n<p \
         class=\"command\"><bdi>{command}</bdi></p>\n",
        include_str!("html/page.css")
    )?;
    summary(run, rows, out)?;
    if !run.series.is_empty() {
        heading("The heap over time", out)?;
        chart::write(run, out)?;
    }
    flame::write("All that was allocated", rows, |figures| figures.allocated, symbols, out)?;
    flame::write("What was never freed", rows, |figures| figures.at_end, symbols, out)?;
    heading("Stacks that allocated most", out)?;
    sites::write(run, rows, symbols, out)?;
    if !run.sizes.is_empty() {
        heading("Blocks by size", out)?;
        bars::write("bytes", &run.sizes, out)?;
    }
    if !run.lifetimes.is_empty() {
        heading("Freed blocks by lifetime", out)?;
        out.write_str("<p>How many bytes the program allocated while the block was there.</p>\n")?;
        bars::write("bytes allocated", &run.lifetimes, out)?;
    }
    write!(out, "<script>\n{}</script>\n</body>\n</html>\n", include_str!("html/zoom.js"))
}

fn heading(text: &str, out: &mut dyn Write) -> fmt::Result {
    writeln!(out, "<h2>{text}</h2>")
}

/// The run's figures, a tile each.
fn summary(run: &Run, rows: &[Row<'_>], out: &mut dyn Write) -> fmt::Result {
    let sum = |of: fn(&Row<'_>) -> Weight| {
        rows.iter().map(of).fold(Weight::default(), |sum, weight| Weight {
            blocks: sum.blocks + weight.blocks,
            bytes: sum.bytes + weight.bytes,
        })
    };
    let blocks = |weight: Weight| format!("in {} blocks", Count(weight.blocks));
    let allocated = sum(|row| row.figures.allocated);
    let at_end = sum(|row| row.figures.at_end);
    writeln!(out, "<p>Process {}, {:.2} s.</p>", run.pid, run.elapsed.as_secs_f64())?;
    if let Some(mean) = run.sampled {
        writeln!(
            out,
            "<p>Sampled: a byte in {} was looked at, so that figures are estimates. A resized block counts as a \
             new one.</p>",
            Count(mean)
        )?;
    }
    writeln!(
        out,
        "<dl class=\"tiles\" id=\"total\" data-bytes=\"{}\" data-blocks=\"{}\">",
        allocated.bytes, allocated.blocks
    )?;
    tile("Allocated", &Bytes(allocated.bytes).to_string(), &blocks(allocated), out)?;
    if run.peak_clock.is_some() {
        let at_peak = sum(|row| row.figures.at_peak);
        tile("At the peak", &Bytes(at_peak.bytes).to_string(), &blocks(at_peak), out)?;
    }
    tile("Never freed", &Bytes(at_end.bytes).to_string(), &blocks(at_end), out)?;
    tile("Resized", &Count(run.reallocations).to_string(), "times", out)?;
    if let Some(temporary) = run.temporary {
        let note = format!("{} blocks, freed by the next event", Count(temporary));
        tile("Temporary", &percent(temporary as f64 / allocated.blocks.max(1) as f64), &note, out)?;
    }
    if let Some(overhead) = run.overhead {
        tile("Overhead", &format!("{overhead:.2}"), "peak footprint over peak live bytes", out)?;
    }
    if let Some(measures) = run.fragmentation {
        tile("Internal", &percent(measures.internal), "of used bytes are padding", out)?;
        tile("External", &percent(measures.external), "of free bytes are not in the longest run", out)?;
        tile("Unusable", &percent(measures.unusable), "of free bytes are in runs that are too short", out)?;
    }
    out.write_str("</dl>\n")
}

fn tile(name: &str, figure: &str, note: &str, out: &mut dyn Write) -> fmt::Result {
    writeln!(out, "<div><dt>{name}</dt><dd><b>{figure}</b> {note}</dd></div>")
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A frame's name, as it is shown.
fn frame_name(frame: usize, symbols: &dyn Symbols) -> String {
    let name = symbols.name(frame.saturating_sub(1)).filter(|name| !name.is_empty());
    name.map_or_else(|| format!("{frame:#x}"), str::to_owned)
}

/// Text for an element or an attribute. Control characters, which a page may not hold, become their pictures.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\0'..='\u{1f}' => escaped.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => escaped.push('␡'),
            // No character, although Unicode has a number for it; XML has none.
            '\u{80}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::example::{NAMES, Names, rows, run, sampled_run, stacks};
    use quick_xml::Reader;
    use quick_xml::events::Event;

    fn page(run: &Run) -> String {
        let (stacks, mut out) = (stacks(), String::new());
        write_rows(run, &rows(&stacks), &Names::default(), &mut out).expect("a string takes all");
        out
    }

    #[test]
    fn names_that_try_to_break_the_page_stay_text() {
        let page = page(&run());
        let mut reader = Reader::from_str(&page);
        let (mut texts, mut scripts, mut depth) = (String::new(), 0, 0_u32);
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Eof => break,
                Event::Start(tag) => {
                    depth += 1;
                    scripts += u32::from(tag.name().as_ref() == "script");
                    assert_ne!(tag.name().as_ref(), "img");
                    tag.attributes().for_each(|attribute| drop(attribute.expect("well-formed")));
                }
                Event::End(_) => depth -= 1,
                Event::Text(text) => texts.push_str(&text),
                Event::GeneralRef(name) => texts.push_str(match &*name {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    other => panic!("the entity {other}"),
                }),
                _ => {}
            }
        }
        assert_eq!((depth, scripts), (0, 1));
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!page.contains(control), "control characters are in the page");
        for name in NAMES.iter().filter(|name| !name.contains(char::is_control)) {
            assert!(texts.contains(name), "{name:?}");
        }
        assert!(texts.contains("two␊lines␍␊ and a tab␉"));
    }

    #[test]
    fn what_a_sampled_run_does_not_know_is_said_and_not_drawn() {
        let (all, page) = (page(&run()), page(&sampled_run()));
        for (name, known) in [("live", true), ("usable", false), ("footprint", false), ("resident", true)] {
            let line = format!("<path class=\"line {name}\"");
            assert_eq!(
                (all.matches(&line).count(), page.matches(&line).count()),
                (2, if known { 2 } else { 0 })
            );
        }
        assert_eq!(page.matches("not known in a sampled run").count(), 2);
        assert!(!all.contains("not known"));
    }

    #[test]
    fn shown_and_not_shown_sum_up_to_the_total() {
        let page = page(&run());
        let sum = |field: &str| -> Vec<u64> {
            let figures = page.split(field).skip(1).map(|rest| rest.split('"').next().expect("a value"));
            figures.map(|figure| figure.parse().expect("a number")).collect()
        };
        for field in [" data-bytes=\"", " data-blocks=\""] {
            let figures = sum(field);
            assert_eq!(figures[0], figures[1..].iter().sum::<u64>(), "{field}");
        }
    }

    #[test]
    fn a_run_of_which_little_is_known_has_a_page_too() {
        for run in [Run::default(), Run { series: run().series[..1].to_vec(), ..Run::default() }] {
            assert!(!page(&run).contains("NaN"));
            let mut out = String::new();
            write_rows(&run, &[], &Names::default(), &mut out).expect("a string takes all");
            assert!(!out.contains("NaN") && !out.contains("inf"));
        }
    }
}
