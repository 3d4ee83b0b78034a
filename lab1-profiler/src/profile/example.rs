//! A run that the writers' own tests write: small, with names that try to break every format.

use super::{Bucket, Figures, Moment, Row, Run};
use crate::fragmentation::Fragmentation;
use crate::report::{Symbols, Weight};
use std::time::Duration;

/// Names that break formats, by the place of their function.
pub const NAMES: [&str; 12] = [
    "main",
    "<alloc::vec::Vec<[u8; 4]> as core::ops::Drop>::drop",
    "a;b c 12",
    "two\nlines\r\n and a tab\t",
    "</script><img src=x onerror=alert(1)>&amp;",
    "\"quoted\\\" 'twice'\\",
    "\0 nothing \u{1b}[31m red \u{7f} \u{85} \u{ffff}",
    "\u{202e}txt.exe \u{2066}\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "\u{2028} line and \u{2029} paragraph",
    "]]> --> %s {0} ${x} 🦀",
    "",
    " ",
];

/// Function `n` is at 4096 n.
const SIZE: usize = 4096;

/// The names above, one of ten thousand bytes behind them, and nothing beyond.
pub struct Names {
    long: String,
}

impl Default for Names {
    fn default() -> Self {
        Self { long: "long::".repeat(1667) }
    }
}

impl Symbols for Names {
    fn name(&self, address: usize) -> Option<&str> {
        match (address / SIZE).checked_sub(1)? {
            at if at < NAMES.len() => Some(NAMES[at]),
            at if at == NAMES.len() => Some(&self.long),
            _ => None,
        }
    }
}

/// The address to which a call from function `n` returns: for an odd one, to where the next function begins.
pub const fn frame(n: usize) -> usize {
    SIZE * (n + 1) + if n % 2 == 1 { SIZE } else { 16 }
}

/// The stacks, innermost first.
pub fn stacks() -> Vec<Vec<usize>> {
    let mut stacks: Vec<Vec<usize>> = (1..NAMES.len() + 2).map(|n| vec![frame(n), frame(0)]).collect();
    stacks.push((0..NAMES.len()).rev().map(frame).collect());
    stacks.push(Vec::new());
    stacks
}

/// A row a stack, in the order of what it allocated.
pub fn rows(stacks: &[Vec<usize>]) -> Vec<Row<'_>> {
    let weight = |blocks, bytes| Weight { blocks, bytes };
    let figures = |at: u64| {
        let n = 40 - at;
        Figures {
            allocated: weight(n, n * 1000),
            at_peak: weight(n / 2, n * 400),
            at_end: weight(n % 3, n % 3 * 64),
            most: weight(n / 2 + 1, n * 500),
            lifetime: n * n * 100,
        }
    };
    (0..).zip(stacks).map(|(at, stack)| Row { stack, figures: figures(at) }).collect()
}

/// What is known of the run.
pub fn run() -> Run {
    let sample = |at: u64| {
        let live = if at < 60 { at * 9_000 } else { 540_000 / (at - 58) };
        let usable = live + live / 8;
        let footprint = 64 * 9_000 * at.min(60) / 60;
        Moment {
            at: Duration::from_millis(at * 25),
            live: Some(live),
            usable: Some(usable),
            footprint: Some(footprint),
            resident: Some(footprint + 900_000),
        }
    };
    let bucket = |low, high, count| Bucket { low, high, count };
    Run {
        command: "./example --name='<b>;\n'".to_owned(),
        pid: 4711,
        elapsed: Duration::from_millis(2512),
        began: Duration::from_secs(1_700_000_000),
        sampled: None,
        clock: 490_000,
        peak_clock: Some(160_000),
        reallocations: 1234,
        temporary: Some(56),
        overhead: Some(1.25),
        fragmentation: Some(Fragmentation { internal: 0.111, external: 0.5, unusable: 0.25 }),
        series: (0..=100).map(sample).collect(),
        sizes: vec![
            bucket(0, 0, 3),
            bucket(8, 8, 120),
            bucket(24, 24, 260),
            bucket(1024, 1087, 40),
            bucket(1088, 1151, 9),
        ],
        lifetimes: vec![bucket(16, 16, 300), bucket(40_960, 43_007, 17)],
    }
}

/// The same run, of which a byte in 64 KiB was looked at.
pub fn sampled_run() -> Run {
    let mut run = Run {
        sampled: Some(64 << 10),
        peak_clock: None,
        temporary: None,
        overhead: None,
        fragmentation: None,
        sizes: Vec::new(),
        lifetimes: Vec::new(),
        ..run()
    };
    for moment in &mut run.series {
        (moment.usable, moment.footprint) = (None, None);
    }
    run
}
