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
//! another. The colours change with the reader's scheme, light or dark. On a narrow page, a name and its figures
//! stand above their dot, with a halo that keeps lines off: the file holds both layouts, and a browser shows one.

use crate::race::Outcome;
use crate::table::Column;
use std::fmt::Write;

/// Where things stand, in pixels.
struct Layout {
    class: &'static str,
    width: f64,
    /// Where names, the scale and figures begin; the scale also ends.
    names: f64,
    scale: (f64, f64),
    figures: f64,
    /// A contestant's height, and where in it text and dot stand.
    line: f64,
    text: f64,
    dot: f64,
}

const WIDE: Layout = Layout {
    class: "wide",
    width: 820.0,
    names: 24.0,
    scale: (200.0, 620.0),
    figures: 640.0,
    line: 20.0,
    text: 14.0,
    dot: 10.0,
};
const NARROW: Layout = Layout {
    class: "narrow",
    width: 400.0,
    names: 16.0,
    scale: (28.0, 372.0),
    figures: 212.0,
    line: 36.0,
    text: 16.0,
    dot: 27.0,
};

/// What a panel's head and foot take, and the caption.
const HEAD: f64 = 30.0;
const FOOT: f64 = 34.0;
const TOP: f64 = 60.0;

/// Characters of a name or reason that fit their columns, and pixels of one at most.
const FITS: usize = 24;
const LETTER: f64 = 7.3;

const STYLE: &str = "\
svg { font: 13px system-ui, sans-serif }
.paper { fill: #fff } text { fill: #1a1a1a } .grid { stroke: #c8c8c8 } .mark { fill: #0b62c4 }
.one { stroke: #1a1a1a; stroke-dasharray: 4 3 } .span { stroke: #0b62c4; stroke-width: 2 }
.head { font-weight: 600 } .tick { font-size: 11px; text-anchor: middle } .narrow { display: none }
.narrow text { stroke: #fff; stroke-width: 5; paint-order: stroke }
@media (prefers-color-scheme: dark) {
.paper { fill: #16181c } text { fill: #e8e8e8 } .grid { stroke: #4a4d55 } .mark { fill: #6db3ff }
.one { stroke: #e8e8e8 } .span { stroke: #6db3ff } .narrow text { stroke: #16181c }
}
";

/// Draws the outcomes.
pub fn plot(names: &[&str], columns: &[Column], passes: usize) -> String {
    let first = names.first().copied().unwrap_or_default();
    let [height, narrow_height] = [WIDE, NARROW].map(|layout| layout.height(names.len(), columns.len()));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>Allocators beside {title}</title>\n<style>{STYLE}\
         @media (max-width: {below}px) {{\n\
         :root {{ width: {narrow}px; height: {narrow_height}px }} .wide {{ display: none }} \
         .narrow {{ display: inline }}\n}}\n</style>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        width = WIDE.width,
        below = WIDE.width - 1.0,
        narrow = NARROW.width,
        title = escape(first)
    );
    let scale = Scale::over(columns);
    for layout in [WIDE, NARROW] {
        let _ = writeln!(svg, "<g class=\"{}\">", layout.class);
        text(
            &mut svg,
            "head",
            12.0,
            24.0,
            &format!("Speed beside {}: faster to the right", cut(first, FITS)),
        );
        text(&mut svg, "name", 12.0, 43.0, &format!("{passes} passes; the lines are 95 % intervals"));
        for (at, column) in columns.iter().enumerate() {
            let top = TOP + layout.panel(names.len()) * at as f64;
            layout.draw(&mut svg, top, &scale, names, column);
        }
        svg.push_str("</g>\n");
    }
    svg + "</svg>\n"
}

impl Layout {
    fn panel(&self, contestants: usize) -> f64 {
        HEAD + self.line * contestants as f64 + FOOT
    }

    fn height(&self, contestants: usize, panels: usize) -> f64 {
        TOP + self.panel(contestants) * panels as f64
    }

    /// One trace.
    fn draw(&self, svg: &mut String, top: f64, scale: &Scale, names: &[&str], column: &Column) {
        let (first, last) = (top + HEAD, top + HEAD + self.line * names.len() as f64);
        let at = |value: f64| self.scale.0 + scale.part(value) * (self.scale.1 - self.scale.0);
        text(svg, "head", 12.0, top + 18.0, &cut(&column.trace, ((self.width - 24.0) / LETTER) as usize));
        for tick in scale.ticks() {
            let x = at(tick);
            let class = if tick == 1.0 { "one" } else { "grid" };
            line(svg, class, (x, first), (x, last));
            text(svg, "tick", x, last + 14.0, &format!("{tick}"));
        }
        for (row, (name, outcome)) in names.iter().zip(&column.results).enumerate() {
            let y = first + self.line * row as f64;
            text(svg, "name", self.names, y + self.text, &cut(name, FITS));
            text(svg, "figure", self.figures, y + self.text, &figure(outcome));
            if let Outcome::Raced { speed, .. } = outcome {
                let y = y + self.dot;
                line(svg, "span", (at(speed.low), y), (at(speed.high), y));
                let x = at(speed.value);
                let _ = writeln!(svg, "<circle class=\"mark\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>");
            }
        }
    }
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

    /// Where a value stands, from 0 to 1.
    fn part(&self, value: f64) -> f64 {
        let part = (value.max(1e-6).log2() - f64::from(self.least)) / f64::from(self.most - self.least);
        part.clamp(0.0, 1.0)
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
        for (layout, drawn) in [WIDE, NARROW].into_iter().zip(svg.split("<g class=").skip(1)) {
            let texts = texts(drawn);
            // At 13 pixels a letter is about 7.3 wide, and 6.2 at 11; ticks are centred.
            let boxes = texts.iter().map(|(class, x, y, said)| {
                let wide = said.chars().count() as f64 * if class == "tick" { 6.2 } else { LETTER };
                let left = if class == "tick" { x - wide / 2.0 } else { *x };
                (left, left + wide, y - 11.0, y + 4.0)
            });
            let boxes: Vec<_> = boxes.collect();
            let ticks = texts.iter().filter(|text| text.0 == "tick").count();
            assert_eq!(boxes.len(), 2 + 5 * (1 + 2 * 8) + ticks);
            for (at, a) in boxes.iter().enumerate() {
                assert!(a.0 >= 0.0 && a.1 <= layout.width + 1.0, "{:?} leaves the page", texts[at]);
                for (other, b) in boxes.iter().enumerate().skip(at + 1) {
                    let apart = a.1 <= b.0 || b.1 <= a.0 || a.3 <= b.2 || b.3 <= a.2;
                    assert!(apart, "{:?} meets {:?}", texts[at], texts[other]);
                }
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
