//! The sizes of the heap over time, in one chart to one scale. What is not known is not drawn.
//!
//! A line may have more samples than a screen has columns. Of each column the first, the least, the largest and
//! the last sample are drawn, which gives the same picture (U. Jugel et al., "M4: a visualization-oriented time
//! series data aggregation", VLDB 2014): so no peak is lost.

use crate::profile::{Moment, Run, SIZES};
use crate::quantity::Bytes;
use std::fmt::{self, Write};

/// Columns and rows of the drawing's own coordinates.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 300.0;

pub fn write(run: &Run, out: &mut dyn Write) -> fmt::Result {
    let series = &run.series;
    let most = SIZES.iter().filter_map(|size| size.peak(series)).max().unwrap_or(0);
    let end = series.last().map_or(0.0, |last| last.at.as_secs_f64());
    out.write_str(
        "<p>A leak is a line of live bytes that goes up. Where that one is level, and footprint or resident go up or stay \
         up, blocks are freed but their memory is not given back: the heap is fragmented, or its allocator keeps \
         what it has.</p>\n<figure class=\"chart\">\n",
    )?;
    writeln!(
        out,
        "<div class=\"high\">{}</div>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         preserveAspectRatio=\"none\" role=\"img\" aria-label=\"sizes of the heap over time\">\n<path class=\"grid\" \
         d=\"M0 0H{WIDTH}M0 {}H{WIDTH}M0 {HEIGHT}H{WIDTH}\"/>",
        Bytes(most),
        HEIGHT / 2.0
    )?;
    // The least one last, so that nothing covers it.
    for size in SIZES.iter().rev().filter(|size| size.peak(series).is_some()) {
        writeln!(out, "<path class=\"line {}\" d=\"{}\"/>", size.name, path(series, size.of, end, most))?;
    }
    writeln!(out, "</svg>\n<div class=\"begin\">0 s</div><div class=\"end\">{end:.2} s</div>\n</figure>")?;
    out.write_str(
        "<table class=\"legend\">\n<thead><tr><th></th><th>peak</th><th>at the end</th></tr></thead>\n<tbody>\n",
    )?;
    for size in &SIZES {
        let (name, what) = (size.name, size.what);
        let (Some(peak), Some(end)) = (size.peak(series), size.last(series)) else {
            let unknown = run.unknown();
            writeln!(
                out,
                "<tr><th><svg viewBox=\"0 0 40 10\" aria-hidden=\"true\"/>{name} <small>{what}</small></th><td \
                 colspan=\"2\">{unknown}</td></tr>"
            )?;
            continue;
        };
        writeln!(
            out,
            "<tr><th><svg viewBox=\"0 0 40 10\" aria-hidden=\"true\"><path class=\"line {name}\" d=\"M0 5H40\"/></svg>{name} \
             <small>{what}</small></th><td>{}</td><td>{}</td></tr>",
            Bytes(peak),
            Bytes(end)
        )?;
    }
    out.write_str("</tbody>\n</table>\n")
}

/// The line of one size, with gaps where it is not known.
fn path(series: &[Moment], of: fn(&Moment) -> Option<u64>, end: f64, most: u64) -> String {
    let place = |moment: &Moment| {
        let x = if end > 0.0 { WIDTH * moment.at.as_secs_f64() / end } else { 0.0 };
        (x, HEIGHT - HEIGHT * of(moment).unwrap_or(0) as f64 / most.max(1) as f64)
    };
    let mut path = String::new();
    let column = |moment: &Moment| place(moment).0 as u32;
    for known in series.split(|moment| of(moment).is_none()) {
        let mut step = 'M';
        for moments in known.chunk_by(|one, next| column(one) == column(next)) {
            let by_size = |at: &usize| of(&moments[*at]);
            let mut drawn = vec![0, moments.len() - 1];
            drawn.extend((0..moments.len()).min_by_key(by_size));
            drawn.extend((0..moments.len()).max_by_key(by_size));
            drawn.sort_unstable();
            drawn.dedup();
            for at in drawn {
                let (x, y) = place(&moments[at]);
                let _ = write!(path, "{step}{x:.1} {y:.1}");
                step = 'L';
            }
        }
    }
    // One sample alone is a level line.
    if series.len() == 1 {
        let _ = write!(path, "H{WIDTH}");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_peak_of_one_sample_among_a_hundred_thousand_is_drawn() {
        let moment = |at: u64| Moment {
            at: Duration::from_millis(at),
            live: Some(if at == 33_333 { 900 } else { at % 7 }),
            ..Moment::default()
        };
        let series: Vec<Moment> = (0..100_000).map(moment).collect();
        let path = path(&series, |moment| moment.live, 99.999, 900);
        assert!(path.contains("L333.3 0.0"), "{}", &path[..200]);
        assert!(path.matches(['M', 'L']).count() <= 4 * 1001);
    }

    #[test]
    fn where_a_size_is_not_known_its_line_has_a_gap() {
        let moment = |at: u64| Moment {
            at: Duration::from_secs(at),
            live: (at != 2).then_some(50),
            ..Moment::default()
        };
        let series: Vec<Moment> = (0..5).map(moment).collect();
        let drawn = path(&series, |moment| moment.live, 4.0, 100);
        assert_eq!(drawn, "M0.0 150.0L250.0 150.0M750.0 150.0L1000.0 150.0");
    }
}
