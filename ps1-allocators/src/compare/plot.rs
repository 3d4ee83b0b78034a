//! The outcomes as an SVG: a panel a trace, a line a contestant, a dot with its interval on a logarithmic scale.
//!
//! ```text
//!   cc1
//!   System                 │        ┼                      1.00 [1.00, 1.00]
//!   Buddy (yours)          │     ├──●──┤                   0.83 [0.80, 0.90]
//!                         0.5       1        2
//! ```
//!
//! Names and figures stand in columns of their own, so nothing is told by colour alone, and no text can meet
//! another. The colours change with the reader's scheme, light or dark.

use crate::race::Outcome;
use crate::table::Column;
use std::fmt::Write;

/// Pixels: where the scale begins and ends, and where the figures begin.
const SCALE: (f64, f64) = (200.0, 620.0);
const FIGURES: f64 = 640.0;
const WIDTH: f64 = 820.0;
/// Pixels: a line's height, and what a panel's head and foot take.
const LINE: f64 = 20.0;
const HEAD: f64 = 30.0;
const FOOT: f64 = 34.0;
const TOP: f64 = 48.0;

/// Characters of a name or reason that fit their columns.
const FITS: usize = 24;

const STYLE: &str = "\
svg { font: 13px system-ui, sans-serif }
.paper { fill: #fff } text { fill: #1a1a1a } .grid { stroke: #c8c8c8 } .mark { fill: #0b62c4 }
.one { stroke: #1a1a1a; stroke-dasharray: 4 3 } .span { stroke: #0b62c4; stroke-width: 2 }
.head { font-weight: 600 } .tick { font-size: 11px; text-anchor: middle }
@media (prefers-color-scheme: dark) {
.paper { fill: #16181c } text { fill: #e8e8e8 } .grid { stroke: #4a4d55 } .mark { fill: #6db3ff }
.one { stroke: #e8e8e8 } .span { stroke: #6db3ff }
}
";

/// Draws the outcomes.
pub fn plot(names: &[&str], columns: &[Column], passes: usize) -> String {
    let panel = HEAD + LINE * names.len() as f64 + FOOT;
    let height = TOP + panel * columns.len() as f64;
    let scale = Scale::over(columns);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} \
         {height}\" role=\"img\">\n<title>Allocators beside {first}</title>\n<style>{STYLE}</style>\n<rect \
         class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>\n",
        first = escape(names.first().copied().unwrap_or_default())
    );
    let caption = format!(
        "Speed beside {} (right of the broken line is faster); {passes} passes, 95 % interval",
        names.first().copied().unwrap_or_default()
    );
    text(&mut svg, "head", 12.0, 24.0, &caption);
    for (at, column) in columns.iter().enumerate() {
        let top = TOP + panel * at as f64;
        let (first, last) = (top + HEAD, top + HEAD + LINE * names.len() as f64);
        text(&mut svg, "head", 12.0, top + 18.0, &cut(&column.trace, 60));
        for tick in scale.ticks() {
            let x = scale.at(tick);
            let class = if tick == 1.0 { "one" } else { "grid" };
            line(&mut svg, class, (x, first), (x, last));
            text(&mut svg, "tick", x, last + 14.0, &format!("{tick}"));
        }
        for (row, (name, outcome)) in names.iter().zip(&column.results).enumerate() {
            let y = first + LINE * (row as f64 + 0.5);
            text(&mut svg, "name", 24.0, y + 4.0, &cut(name, FITS));
            text(&mut svg, "figure", FIGURES, y + 4.0, &figure(outcome));
            if let Outcome::Raced { speed, .. } = outcome {
                let [low, middle, high] = [speed.low, speed.value, speed.high].map(|value| scale.at(value));
                line(&mut svg, "span", (low, y), (high, y));
                let _ = writeln!(svg, "<circle class=\"mark\" cx=\"{middle:.1}\" cy=\"{y:.1}\" r=\"4\"/>");
            }
        }
    }
    svg + "</svg>\n"
}

fn figure(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Raced { speed, .. } => format!("{:.2} [{:.2}, {:.2}]", speed.value, speed.low, speed.high),
        Outcome::NotWritten => "not written yet".to_owned(),
        Outcome::Out(why) => cut(why, FITS),
    }
}

/// A logarithmic scale between two powers of two.
struct Scale {
    least: i32,
    most: i32,
}

impl Scale {
    /// That holds every interval, and one.
    fn over(columns: &[Column]) -> Self {
        let speeds = columns.iter().flat_map(|column| &column.results).filter_map(|outcome| match outcome {
            Outcome::Raced { speed, .. } => Some(speed),
            _ => None,
        });
        let (mut least, mut most) = (-1, 1);
        for speed in speeds {
            least = least.min(speed.low.max(1e-6).log2().floor() as i32);
            most = most.max(speed.high.max(1e-6).log2().ceil() as i32);
        }
        Self { least, most }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value.max(1e-6).log2() - f64::from(self.least)) / f64::from(self.most - self.least);
        SCALE.0 + part.clamp(0.0, 1.0) * (SCALE.1 - SCALE.0)
    }

    /// Powers of two, at most nine, so that their texts stay apart.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let step = 1 + (self.most - self.least) / 9;
        (self.least..=self.most).filter(move |power| power % step == 0).map(|power| 2_f64.powi(power))
    }
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, said: &str) {
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(said));
}

fn line(svg: &mut String, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        svg,
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
    );
}

fn cut(said: &str, most: usize) -> String {
    if said.chars().count() <= most {
        return said.to_owned();
    }
    said.chars().take(most - 1).chain(['…']).collect()
}

/// A trace's name is a file's, so it may hold anything; what XML does not allow at all is left out.
fn escape(said: &str) -> String {
    let said: String = said.chars().filter(|letter| !letter.is_control()).collect();
    said.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::sample;

    const NAMES: [&str; 8] = [
        "System",
        "Buddy (yours)",
        "Slab (yours)",
        "buddy_system_allocator",
        "linked_list_allocator",
        "rlsf",
        "mimalloc",
        "jemalloc",
    ];

    /// Class, x, y and content of each text.
    fn texts(svg: &str) -> Vec<(String, f64, f64, String)> {
        let field = |text: &str, name: &str| {
            let rest = text.split(&format!("{name}=\"")).nth(1).unwrap_or_default();
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let number = |text: &str, name: &str| field(text, name).parse().unwrap_or(f64::NAN);
        let of = |line: &str| {
            let said = line.split('>').nth(1)?.strip_suffix("</text")?.to_owned();
            Some((field(line, "class"), number(line, " x"), number(line, " y"), said))
        };
        svg.lines().filter(|line| line.starts_with("<text")).filter_map(of).collect()
    }

    #[test]
    fn no_two_texts_meet_for_eight_contestants_and_five_traces() {
        let svg = plot(&NAMES, &sample(8, 5), 15);
        let texts = texts(&svg);
        // At 13 pixels a letter is about 7.3 wide, and 6.2 at 11; ticks are centred.
        let boxes = texts.iter().map(|(class, x, y, said)| {
            let wide = said.chars().count() as f64 * if class == "tick" { 6.2 } else { 7.3 };
            let left = if class == "tick" { x - wide / 2.0 } else { *x };
            (left, left + wide, y - 11.0, y + 4.0)
        });
        let boxes: Vec<_> = boxes.collect();
        assert_eq!(boxes.len(), 1 + 5 * (1 + 2 * 8) + texts.iter().filter(|text| text.0 == "tick").count());
        for (at, a) in boxes.iter().enumerate() {
            assert!(a.0 >= 0.0 && a.1 <= WIDTH + 1.0, "{:?} leaves the page", texts[at]);
            for (other, b) in boxes.iter().enumerate().skip(at + 1) {
                let apart = a.1 <= b.0 || b.1 <= a.0 || a.3 <= b.2 || b.3 <= a.2;
                assert!(apart, "{:?} meets {:?}", texts[at], texts[other]);
            }
        }
    }

    #[test]
    fn names_are_escaped_and_every_tag_is_closed() {
        let svg = plot(&NAMES, &sample(8, 5), 15);
        assert!(svg.contains("a&lt;b&amp;&quot;c&quot;") && !svg.contains("a<b"));
        for tag in ["svg", "title", "style", "text"] {
            assert_eq!(
                svg.matches(&format!("<{tag}")).count(),
                svg.matches(&format!("</{tag}>")).count(),
                "{tag}"
            );
        }
    }

    #[test]
    fn the_plot_reads_as_before() {
        insta::assert_snapshot!(plot(&NAMES[..4], &sample(4, 2), 15));
    }
}
