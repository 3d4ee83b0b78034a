//! Reports: the same figures by stack, for people and for flame graphs.
//!
//! ```text
//!   stacks   [0x1210, 0x1010] ─► 3, 4096          in the order of addresses
//!   lines    "  Vec::push\n  main\n" ─► 3, 4096    what is shown is the key: equal lines are one stack
//!   names    0x1210 ─► "Vec::push"                 each address is looked up once a report
//! ```
//!
//! This design has no lists of names: a stack's lines are written first, and figures are added up by them. A line
//! end comes before every character of a name, so the order of lines is that of lists.
//!
//! Sources: B. Gregg, "The flame graph", CACM 59(6), 2016, and FlameGraph's README (the folded format);
//! DHAT's chapter in the Valgrind manual; the crate `inferno`.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::AddAssign;

/// Names addresses.
pub trait Symbols {
    /// The function that holds `address`, if known. Names may be empty, and hold any character.
    fn name(&self, address: usize) -> Option<&str>;
}

/// A stack's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    /// Blocks.
    pub blocks: u64,
    /// Bytes.
    pub bytes: u64,
}

impl AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        *self = Self { blocks: self.blocks + other.blocks, bytes: self.bytes + other.bytes };
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes in {} blocks", self.bytes, self.blocks)
    }
}

/// Figures by stack.
#[derive(Debug, Clone, Default)]
pub struct Aggregate {
    stacks: BTreeMap<Vec<usize>, Weight>,
    total: Weight,
}

impl Aggregate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to a stack, of which the first `skip` frames are left out.
    pub fn add(&mut self, stack: &[usize], skip: usize, weight: Weight) {
        let own = &stack[skip.min(stack.len())..];
        *self.stacks.entry(own.to_vec()).or_default() += weight;
        self.total += weight;
    }

    /// The sum over all stacks.
    pub fn total(&self) -> Weight {
        self.total
    }

    /// Every distinct stack once, largest in bytes first, equal ones by address.
    pub fn stacks(&self) -> Vec<(&[usize], Weight)> {
        let mut stacks: Vec<_> =
            self.stacks.iter().map(|(stack, weight)| (stack.as_slice(), *weight)).collect();
        stacks.sort_by(|a, b| b.1.bytes.cmp(&a.1.bytes));
        stacks
    }

    /// The text report, of the `limit` largest stacks.
    ///
    /// # Errors
    ///
    /// `out`'s.
    pub fn text(&self, symbols: &dyn Symbols, limit: usize, out: &mut dyn fmt::Write) -> fmt::Result {
        let lines = |names: &mut dyn DoubleEndedIterator<Item = &str>| {
            names.fold(String::new(), |lines, name| lines + "  " + name + "\n")
        };
        let mut shown: Vec<(String, Weight)> =
            self.lines(symbols, char::is_control, &lines).into_iter().collect();
        shown.sort_by(|(a, x), (b, y)| (y.bytes, a).cmp(&(x.bytes, b)));
        writeln!(out, "{} from {} stacks", self.total, shown.len())?;
        for (lines, weight) in shown.iter().take(limit) {
            let share = weight.bytes as f64 / self.total.bytes.max(1) as f64 * 100.0;
            write!(out, "{weight} ({share:.1} %)\n{lines}")?;
        }
        match shown.get(limit..) {
            None | Some([]) => Ok(()),
            Some(rest) => {
                let mut sum = Weight::default();
                rest.iter().for_each(|(_, weight)| sum += *weight);
                writeln!(out, "not shown: {sum} from {} stacks", rest.len())
            }
        }
    }

    /// Folded stacks by bytes.
    ///
    /// # Errors
    ///
    /// `out`'s.
    pub fn folded(&self, symbols: &dyn Symbols, out: &mut dyn fmt::Write) -> fmt::Result {
        let breaks = |c: char| c == ';' || c.is_control() || c.is_whitespace();
        let line = |names: &mut dyn DoubleEndedIterator<Item = &str>| {
            let mut names = names.rev();
            let outermost = names.next().unwrap_or_default().to_owned();
            names.fold(outermost, |line, name| line + ";" + name)
        };
        let mut lines: Vec<(String, Weight)> = self.lines(symbols, breaks, &line).into_iter().collect();
        lines.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        lines.into_iter().try_for_each(|(line, weight)| writeln!(out, "{line} {}", weight.bytes))
    }

    /// Figures by what `spell` makes of a stack's names, innermost first.
    fn lines(
        &self,
        symbols: &dyn Symbols,
        breaks: fn(char) -> bool,
        spell: &dyn Fn(&mut dyn DoubleEndedIterator<Item = &str>) -> String,
    ) -> HashMap<String, Weight> {
        let mut names: HashMap<usize, String> = HashMap::new();
        for &frame in self.stacks.keys().flatten() {
            names.entry(frame).or_insert_with(|| {
                let name = symbols.name(frame.saturating_sub(1)).unwrap_or_default();
                if name.is_empty() { format!("{frame:#x}") } else { name.replace(breaks, "_") }
            });
        }
        let mut lines = HashMap::new();
        for (stack, weight) in &self.stacks {
            let line = if stack.is_empty() {
                spell(&mut ["[unknown]"].into_iter())
            } else {
                spell(&mut stack.iter().map(|frame| names[frame].as_str()))
            };
            *lines.entry(line).or_default() += *weight;
        }
        lines
    }
}
