//! The four sizes of the heap over time, in one chart to one scale.
//!
//! A line may have more samples than a screen has columns. Of each column the first, the least, the largest and
//! the last sample are drawn, which gives the same picture (U. Jugel et al., "M4: a visualization-oriented time
//! series data aggregation", VLDB 2014): so no peak is lost.

use crate::fragmentation::Sample;
use crate::profile::Moment;
use crate::quantity::Bytes;
use std::fmt::{self, Write};

/// Columns and rows of the drawing's own coordinates.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 300.0;

type Of = fn(&Sample) -> u64;

/// From the one that is always least.
const SERIES: [(&str, &str, Of); 4] = [
    ("live", "what the program asked for", |sample| sample.live),
    ("usable", "with the padding of its blocks", |sample| sample.usable),
    ("footprint", "pages that ever held part of a block", |sample| sample.footprint),
    ("resident", "pages that the system gives the process", |sample| sample.resident),
];

pub fn write(series: &[Moment], out: &mut dyn Write) -> fmt::Result {
    let peak = |of: Of| series.iter().map(|moment| of(&moment.sample)).max().unwrap_or(0);
    let most = SERIES.iter().map(|(_, _, of)| peak(*of)).max().unwrap_or(0);
    let end = series.last().map_or(0.0, |last| last.at.as_secs_f64());
    out.write_str(
        "<p>A leak is a line of live bytes that goes up. Where that one is level, and footprint or resident go up or stay \
         up, blocks are freed but their memory is not given back: the heap is fragmented, or its allocator keeps \
         what it has.</p>\n<figure class=\"chart\">\n",
    )?;
    writeln!(
        out,
        "<div class=\"high\">{}</div>\n<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         preserveAspectRatio=\"none\" role=\"img\" aria-label=\"four sizes of the heap over time\">\n<path class=\"grid\" \
         d=\"M0 0H{WIDTH}M0 {}H{WIDTH}M0 {HEIGHT}H{WIDTH}\"/>",
        Bytes(most),
        HEIGHT / 2.0
    )?;
    // The least one last, so that nothing covers it.
    for (name, _, of) in SERIES.iter().rev() {
        writeln!(out, "<path class=\"line {name}\" d=\"{}\"/>", path(series, *of, end, most))?;
    }
    writeln!(out, "</svg>\n<div class=\"begin\">0 s</div><div class=\"end\">{end:.2} s</div>\n</figure>")?;
    out.write_str(
        "<table class=\"legend\">\n<thead><tr><th></th><th>peak</th><th>at the end</th></tr></thead>\n<tbody>\n",
    )?;
    for (name, what, of) in SERIES {
        writeln!(
            out,
            "<tr><th><svg viewBox=\"0 0 40 10\" aria-hidden=\"true\"><path class=\"line {name}\" d=\"M0 5H40\"/></svg>{name} \
             <small>{what}</small></th><td>{}</td><td>{}</td></tr>",
            Bytes(peak(of)),
            Bytes(series.last().map_or(0, |last| of(&last.sample)))
        )?;
    }
    out.write_str("</tbody>\n</table>\n")
}

/// The line of one size.
fn path(series: &[Moment], of: Of, end: f64, most: u64) -> String {
    let place = |moment: &Moment| {
        let x = if end > 0.0 { WIDTH * moment.at.as_secs_f64() / end } else { 0.0 };
        (x, HEIGHT - HEIGHT * of(&moment.sample) as f64 / most.max(1) as f64)
    };
    let mut path = String::new();
    let column = |moment: &Moment| place(moment).0 as u32;
    for moments in series.chunk_by(|one, next| column(one) == column(next)) {
        let by_size = |at: &usize| of(&moments[*at].sample);
        let mut drawn = vec![0, moments.len() - 1];
        drawn.extend((0..moments.len()).min_by_key(by_size));
        drawn.extend((0..moments.len()).max_by_key(by_size));
        drawn.sort_unstable();
        drawn.dedup();
        for at in drawn {
            let (x, y) = place(&moments[at]);
            let step = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{step}{x:.1} {y:.1}");
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
            sample: Sample { live: if at == 33_333 { 900 } else { at % 7 }, ..Sample::default() },
        };
        let series: Vec<Moment> = (0..100_000).map(moment).collect();
        let path = path(&series, |sample| sample.live, 99.999, 900);
        assert!(path.contains("L333.3 0.0"), "{}", &path[..200]);
        assert!(path.matches(['M', 'L']).count() <= 4 * 1001);
    }
}
