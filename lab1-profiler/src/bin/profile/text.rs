//! The report for a terminal.

use crate::names::Names;
use lab1_profiler::profile::{Point, Profile};
use lab1_profiler::report::Aggregate;
use std::fmt::{self, Write};

/// Stacks that are shown of each kind.
const STACKS: usize = 10;
/// How wide a sparkline is, in characters.
const WIDTH: usize = 60;

/// Writes the report.
///
/// # Errors
///
/// `out`'s.
pub fn write(
    profiles: &[Profile],
    total: &Aggregate,
    live: &Aggregate,
    names: &Names,
    out: &mut dyn Write,
) -> fmt::Result {
    for profile in profiles {
        let totals = &profile.totals;
        writeln!(out, "\n{} {}", profile.process, profile.command.join(" "))?;
        writeln!(
            out,
            "  {} allocations, {} frees, {} reallocations; {} bytes in all, {} at the peak, {} live at the end",
            totals.allocations,
            totals.frees,
            totals.reallocations,
            totals.total_bytes,
            totals.peak_bytes,
            totals.live_bytes
        )?;
        for (part, said) in &profile.broken {
            writeln!(out, "  The profiler's part `{part}` broke, and its figures are missing: {said}")?;
        }
    }
    if let Some(largest) = profiles.iter().max_by_key(|profile| profile.served) {
        series(&largest.points, out)?;
    }
    writeln!(out, "\nAllocated, by stack:")?;
    total.text(names, STACKS, out)?;
    writeln!(out, "\nLive at the end, by stack:")?;
    live.text(names, STACKS, out)
}

fn series(points: &[Point], out: &mut dyn Write) -> fmt::Result {
    let sizes: [(&str, fn(&Point) -> u64); 4] = [
        ("resident", |point| point.resident),
        ("footprint", |point| point.footprint),
        ("usable", |point| point.usable),
        ("live", |point| point.live),
    ];
    // All on one scale: how far they are apart is what matters.
    let most = points.iter().map(|point| point.footprint.max(point.resident)).max().unwrap_or(0).max(1);
    for (name, size) in sizes {
        let line = sparkline(points, size, most);
        let peak = points.iter().map(size).max().unwrap_or(0);
        writeln!(out, "  {name:>9} {line} {peak} at most")?;
    }
    Ok(())
}

/// A size over time, in eighths of a line's height: the largest in each column.
fn sparkline(points: &[Point], size: fn(&Point) -> u64, most: u64) -> String {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let end = points.last().map_or(1, |point| point.nanoseconds.max(1));
    let mut columns = [None::<u64>; WIDTH];
    for point in points {
        let at = (u128::from(point.nanoseconds) * WIDTH as u128 / (u128::from(end) + 1)) as usize;
        let column = &mut columns[at.min(WIDTH - 1)];
        *column = Some(column.unwrap_or(0).max(size(point)));
    }
    let mut last = 0;
    let bar = |column: Option<u64>| {
        last = column.unwrap_or(last);
        BARS[(u128::from(last) * 8).div_ceil(u128::from(most)).min(8) as usize]
    };
    columns.into_iter().map(bar).collect()
}
