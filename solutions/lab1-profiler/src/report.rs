//! Reports: the same figures by stack, for people and for flame graphs.
//!
//! ```text
//!   stack    [0x1210, 0x1110, 0x1010]             as it was walked: innermost first
//!   text     4096 bytes in 3 blocks (40.0 %)      largest first
//!              Vec::push
//!              parse
//!              main
//!   folded   main;parse;Vec::push 4096            one line a stack, outermost first, `;` between frames
//! ```
//!
//! A frame's address is where the call *returns to*; the call is one byte before. Two stacks that differ
//! only in what a report leaves out are one stack in that report: text and folded show names and no addresses.
//!
//! Sources: B. Gregg, "The flame graph", CACM 59(6), 2016, and FlameGraph's README (the folded format);
//! DHAT's chapter in the Valgrind manual; the crate `inferno`.

use std::fmt;
// SOLUTION
use std::collections::{BTreeMap, HashMap};
// END

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
// SOLUTION

impl Weight {
    fn add(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.bytes += other.bytes;
    }
}
// END

/// Figures by stack.
#[derive(Debug, Clone, Default)]
// SOLUTION
pub struct Aggregate {
    /// Addresses, innermost first, without the profiler's own.
    stacks: HashMap<Box<[usize]>, Weight>,
}
// STUB: pub struct Aggregate {}
// END

impl Aggregate {
    /// Nothing yet.
    pub fn new() -> Self {
        // SOLUTION
        Self::default()
        // STUB: Self {}
        // END
    }

    /// Adds to a stack. `stack` holds return addresses, innermost first; its first `skip` frames are the
    /// profiler's own and are left out, all of them if there are no more.
    pub fn add(&mut self, stack: &[usize], skip: usize, weight: Weight) {
        // SOLUTION
        let stack = stack.get(skip..).unwrap_or_default();
        match self.stacks.get_mut(stack) {
            Some(sum) => sum.add(weight),
            None => drop(self.stacks.insert(stack.into(), weight)),
        }
        // STUB: todo!("lab1.report.add: {weight:?} to {stack:x?} without the first {skip}")
        // END
    }

    /// The sum over all stacks.
    pub fn total(&self) -> Weight {
        // SOLUTION
        let mut total = Weight::default();
        self.stacks.values().for_each(|weight| total.add(*weight));
        total
        // STUB: todo!("lab1.report.total: over all stacks")
        // END
    }

    /// Every distinct stack once, largest in bytes first, equal ones by address. What the given writers use.
    pub fn stacks(&self) -> Vec<(&[usize], Weight)> {
        // SOLUTION
        let mut stacks: Vec<_> = self.stacks.iter().map(|(stack, weight)| (&**stack, *weight)).collect();
        stacks.sort_unstable_by(|(a, x), (b, y)| y.bytes.cmp(&x.bytes).then(a.cmp(b)));
        stacks
        // STUB: todo!("lab1.report.stacks: sorted and unique")
        // END
    }

    /// The text report, of the `limit` largest stacks.
    ///
    /// ```text
    /// 10240 bytes in 7 blocks from 3 stacks                   the total of all, also of those that are not shown
    /// 4096 bytes in 3 blocks (40.0 %)                         largest in bytes first, equal ones by their names
    ///   Vec::push                                             innermost first
    ///   main
    /// not shown: 6144 bytes in 4 blocks from 2 stacks         if there are more
    /// ```
    ///
    /// In a name control characters become `_`. A function without a name is its return address as `0x…`, a
    /// stack without frames the one frame `[unknown]`.
    ///
    /// # Errors
    ///
    /// `out`'s.
    pub fn text(&self, symbols: &dyn Symbols, limit: usize, out: &mut dyn fmt::Write) -> fmt::Result {
        // SOLUTION
        let mut shown: Vec<_> = self.by_names(symbols, char::is_control).into_iter().collect();
        // The map has the names in order, and the sort is stable.
        shown.sort_by_key(|(_, weight)| std::cmp::Reverse(weight.bytes));
        let total = self.total();
        writeln!(out, "{} bytes in {} blocks from {} stacks", total.bytes, total.blocks, shown.len())?;
        let rest = shown.split_off(limit.min(shown.len()));
        for (names, Weight { blocks, bytes }) in shown {
            let share = if total.bytes == 0 { 0.0 } else { 100.0 * bytes as f64 / total.bytes as f64 };
            writeln!(out, "{bytes} bytes in {blocks} blocks ({share:.1} %)")?;
            for name in names {
                writeln!(out, "  {name}")?;
            }
        }
        if rest.is_empty() {
            return Ok(());
        }
        let mut hidden = Weight::default();
        rest.iter().for_each(|(_, weight)| hidden.add(*weight));
        writeln!(
            out,
            "not shown: {} bytes in {} blocks from {} stacks",
            hidden.bytes,
            hidden.blocks,
            rest.len()
        )
        // STUB: let places = (&raw const *symbols, &raw const *out);
        // STUB: todo!("lab1.report.text: the {limit} largest stacks {places:?}")
        // END
    }

    /// Folded stacks by bytes: a line for each list of names, in the byte order of what stands before the count.
    ///
    /// In a name `;`, control characters and white space become `_`, so that the only blank of a line is the
    /// one before its count. What has no name is as in [`text`](Self::text).
    ///
    /// # Errors
    ///
    /// `out`'s.
    pub fn folded(&self, symbols: &dyn Symbols, out: &mut dyn fmt::Write) -> fmt::Result {
        // SOLUTION
        let breaks = |c: char| c == ';' || c.is_control() || c.is_whitespace();
        let mut lines: BTreeMap<String, u64> = BTreeMap::new();
        for (mut names, weight) in self.by_names(symbols, breaks) {
            names.reverse();
            *lines.entry(names.join(";")).or_default() += weight.bytes;
        }
        lines.iter().try_for_each(|(line, bytes)| writeln!(out, "{line} {bytes}"))
        // STUB: let places = (&raw const *symbols, &raw const *out);
        // STUB: todo!("lab1.report.folded: a line a stack {places:?}")
        // END
    }
    // SOLUTION

    /// Figures by the names that a report shows, innermost first; what `breaks` it is replaced in them.
    fn by_names(
        &self,
        symbols: &dyn Symbols,
        breaks: impl Fn(char) -> bool,
    ) -> BTreeMap<Vec<String>, Weight> {
        let name = |address: &usize| match symbols.name(address.saturating_sub(1)) {
            None | Some("") => format!("{address:#x}"),
            Some(name) => name.replace(&breaks, "_"),
        };
        let mut shown: BTreeMap<Vec<String>, Weight> = BTreeMap::new();
        for (stack, weight) in &self.stacks {
            let mut names: Vec<String> = stack.iter().map(name).collect();
            if names.is_empty() {
                names.push("[unknown]".to_owned());
            }
            shown.entry(names).or_default().add(*weight);
        }
        shown
    }
    // END
}
