//! Writes a profile as text for a terminal, given: the run as a whole, around the student's `text`.

use crate::profile::{Bucket, Profile, Run, SIZES};
use crate::quantity::{Bytes, Count};
use crate::report::{Symbols, Weight};
use std::fmt::{self, Write};
use std::time::Duration;

/// Columns of a sparkline, and of the longest bar.
const COLUMNS: usize = 48;

/// Writes the run's figures, then the `limit` largest stacks by what they allocated, and by what they never
/// freed.
///
/// # Errors
///
/// `out`'s.
pub fn write(profile: &Profile, symbols: &dyn Symbols, limit: usize, out: &mut dyn Write) -> fmt::Result {
    let [allocated, at_peak, at_end] =
        [&profile.allocated, &profile.at_peak, &profile.at_end].map(|aggregate| aggregate.total());
    write_run(&profile.run, [allocated, at_peak, at_end], out)?;
    out.write_str("\nallocated:\n\n")?;
    profile.allocated.text(symbols, limit, out)?;
    if at_end.blocks > 0 {
        out.write_str("\nnever freed:\n\n")?;
        profile.at_end.text(symbols, limit, out)?;
    }
    Ok(())
}

fn write_run(run: &Run, [allocated, at_peak, at_end]: [Weight; 3], out: &mut dyn Write) -> fmt::Result {
    let sums = |weight: Weight| format!("{} in {} blocks", Bytes(weight.bytes), Count(weight.blocks));
    writeln!(out, "heap profile of {}", one_line(&run.command))?;
    writeln!(out, "process {}, {}\n", run.pid, seconds(run.elapsed))?;
    if let Some(mean) = run.sampled {
        writeln!(
            out,
            "Sampled: a byte in {} was looked at, so that figures are estimates.\nA resized block counts as a new one.\n",
            Count(mean)
        )?;
    }
    writeln!(out, "allocated    {}", sums(allocated))?;
    if let Some(clock) = run.peak_clock {
        let share = percent(clock as f64 / run.clock.max(1) as f64);
        writeln!(out, "at the peak  {}, after {share} of all that was allocated", sums(at_peak))?;
    }
    writeln!(out, "never freed  {}", sums(at_end))?;
    writeln!(out, "resized      {} times", Count(run.reallocations))?;
    if let Some(temporary) = run.temporary {
        let share = percent(temporary as f64 / allocated.blocks.max(1) as f64);
        writeln!(out, "temporary    {} blocks ({share}), freed by the next event", Count(temporary))?;
    }
    if let Some(overhead) = run.overhead {
        writeln!(out, "overhead     {overhead:.2}, peak footprint over peak live bytes")?;
    }
    if let Some(measures) = run.fragmentation {
        let [internal, external, unusable] =
            [measures.internal, measures.external, measures.unusable].map(percent);
        writeln!(
            out,
            "fragmented   internal {internal}, external {external}, unusable {unusable}, at the end"
        )?;
    }
    write_series(run, out)?;
    write_histogram("sizes in bytes", &run.sizes, out)?;
    write_histogram("lifetimes in bytes allocated", &run.lifetimes, out)
}

/// The sizes over time, to one scale, so that what is held beyond what is live can be seen.
fn write_series(run: &Run, out: &mut dyn Write) -> fmt::Result {
    let series = &run.series;
    let Some(last) = series.last() else { return Ok(()) };
    writeln!(out, "\n{:9}  {:COLUMNS$}  {:>10} {:>10}", "over time", "", "peak", "at the end")?;
    let most = SIZES.iter().filter_map(|size| size.peak(series)).max().unwrap_or(0);
    for size in &SIZES {
        let (Some(peak), Some(end)) = (size.peak(series), size.last(series)) else {
            writeln!(out, "{:9}  {}", size.name, run.unknown())?;
            continue;
        };
        let mut columns = [None; COLUMNS];
        for moment in series {
            let share = moment.at.as_secs_f64() / last.at.as_secs_f64().max(f64::MIN_POSITIVE);
            let column = &mut columns[((share * COLUMNS as f64) as usize).min(COLUMNS - 1)];
            *column = (*column).max((size.of)(moment));
        }
        let (line, peak, end) = (sparkline(&columns, most), Bytes(peak), Bytes(end));
        writeln!(out, "{:9}  {line}  {peak:>10} {end:>10}", size.name)?;
    }
    Ok(())
}

/// A bar a column; a column without a sample is as high as the one before.
fn sparkline(columns: &[Option<u64>], most: u64) -> String {
    let bars: Vec<char> = " ▁▂▃▄▅▆▇█".chars().collect();
    let mut height = 0;
    let bar = |column: &Option<u64>| {
        height = column.unwrap_or(height);
        // What is not zero can be seen.
        bars[(u128::from(height) * 8).div_ceil(u128::from(most.max(1))) as usize]
    };
    columns.iter().map(bar).collect()
}

fn write_histogram(name: &str, buckets: &[Bucket], out: &mut dyn Write) -> fmt::Result {
    let buckets = Bucket::by_doubling(buckets);
    let Some(most) = buckets.iter().map(|bucket| bucket.count).max() else { return Ok(()) };
    writeln!(out, "\n{name}")?;
    for Bucket { low, high, count } in buckets {
        let range = if low == high { low.to_string() } else { format!("{low}-{high}") };
        let bar = (u128::from(count) * COLUMNS as u128).div_ceil(u128::from(most)) as usize;
        let line = format!("{range:>24} {:>14}  {}", Count(count), "█".repeat(bar));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::example::{run, sampled_run};

    #[test]
    fn the_text_reads_as_before() {
        let weight = |blocks, bytes| Weight { blocks, bytes };
        let mut out = String::new();
        let totals = [weight(495, 490_000), weight(240, 196_000), weight(14, 896)];
        write_run(&run(), totals, &mut out).expect("a string takes all");
        insta::assert_snapshot!(out);
    }

    #[test]
    fn what_a_sampled_run_does_not_know_is_said_and_not_drawn() {
        let mut out = String::new();
        write_run(&sampled_run(), [Weight::default(); 3], &mut out).expect("a string takes all");
        for name in ["usable", "footprint"] {
            assert!(out.contains(&format!("\n{name:9}  not known in a sampled run\n")), "{out}");
        }
        for name in ["live", "resident"] {
            assert!(out.lines().any(|line| line.starts_with(name) && line.contains(['▁', '█'])), "{out}");
        }
    }

    #[test]
    fn a_run_of_which_little_is_known_is_short() {
        let mut out = String::new();
        write_run(&Run::default(), [Weight::default(); 3], &mut out).expect("a string takes all");
        assert!(out.lines().count() < 8 && !out.contains("NaN"), "{out}");
    }

    #[test]
    fn a_sparkline_keeps_its_peak_and_shows_what_is_little() {
        assert_eq!(sparkline(&[Some(0), Some(1), None, Some(800), Some(400)], 800), " ▁▁█▄");
        assert_eq!(sparkline(&[None, Some(0)], 0), "  ");
        assert_eq!(sparkline(&[Some(u64::MAX)], u64::MAX), "█");
    }
}
