//! What an aggregate has to report, computed from the additions.

use crate::protocol::report::{Add, Function, Reported, Weight};
use std::collections::BTreeMap;

/// How far a share may lie from the exact one: half of the last digit, and what rounding adds to it.
const HALF: f64 = 0.05 + 1e-9;

/// A sum of weights.
fn sum<'w>(weights: impl IntoIterator<Item = &'w Weight>) -> Weight {
    weights.into_iter().fold((0, 0), |(blocks, bytes), weight| (blocks + weight.0, bytes + weight.1))
}

/// Sums by key.
fn by_key<K: Ord>(weights: impl IntoIterator<Item = (K, Weight)>) -> BTreeMap<K, Weight> {
    let mut sums: BTreeMap<K, Weight> = BTreeMap::new();
    for (key, weight) in weights {
        let before = sums.entry(key).or_default();
        *before = sum([&*before, &weight]);
    }
    sums
}

/// The stacks, each once.
fn stacks(adds: &[&Add]) -> Vec<(Vec<u64>, Weight)> {
    let trimmed = |add: &&Add| {
        let stack = add.stack.iter().skip(usize::try_from(add.skip).unwrap_or(usize::MAX));
        (stack.copied().collect::<Vec<u64>>(), (add.blocks, add.bytes))
    };
    let mut stacks: Vec<_> = by_key(adds.iter().map(trimmed)).into_iter().collect();
    // Those in the order of addresses, into that of bytes.
    stacks.sort_by_key(|(_, (_, bytes))| std::cmp::Reverse(*bytes));
    stacks
}

/// A frame's name, with `_` for each character that `breaks` it. Functions are in the order of addresses.
fn shown(functions: &[Function], frame: u64, breaks: fn(char) -> bool) -> String {
    let call = frame.saturating_sub(1);
    let before = functions.partition_point(|(start, ..)| *start <= call);
    let function = functions[..before].last().filter(|(_, end, _)| call < *end);
    match function.and_then(|(_, _, name)| name.as_deref()) {
        None | Some("") => format!("0x{frame:x}"),
        Some(name) => name.chars().map(|c| if breaks(c) { '_' } else { c }).collect(),
    }
}

/// Lists of names, innermost first, each once, in their order.
fn names(
    functions: &[Function],
    stacks: &[(Vec<u64>, Weight)],
    breaks: fn(char) -> bool,
) -> Vec<(Vec<String>, Weight)> {
    let spell = |(stack, weight): &(Vec<u64>, Weight)| {
        let names: Vec<String> = stack.iter().map(|frame| shown(functions, *frame, breaks)).collect();
        (if names.is_empty() { vec!["[unknown]".to_owned()] } else { names }, *weight)
    };
    by_key(stacks.iter().map(spell)).into_iter().collect()
}

/// A line of the text report.
enum Line {
    Exactly(String),
    /// What stands before the share, and the share in per cent.
    Share(String, f64),
}

impl Line {
    fn is(&self, seen: &str) -> bool {
        match self {
            Self::Exactly(line) => line == seen,
            Self::Share(before, exact) => {
                let share = seen.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(" %)"));
                let digits = |share: &&str| {
                    let (whole, part) = share.split_once('.').unwrap_or_default();
                    let number =
                        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                    number(whole) && number(part) && part.len() == 1
                };
                let share = share.filter(digits).and_then(|share| share.parse::<f64>().ok());
                share.is_some_and(|share| (share - exact).abs() <= HALF)
            }
        }
    }

    fn spell(&self) -> String {
        match self {
            Self::Exactly(line) => line.clone(),
            Self::Share(before, exact) => format!("{before}{exact:.1} %)"),
        }
    }
}

fn text(functions: &[Function], limit: u64, stacks: &[(Vec<u64>, Weight)]) -> Vec<Line> {
    let mut all = names(functions, stacks, char::is_control);
    all.sort_by_key(|(_, (_, bytes))| std::cmp::Reverse(*bytes));
    let total = sum(all.iter().map(|(_, weight)| weight));
    let of = |(blocks, bytes): Weight| format!("{bytes} bytes in {blocks} blocks");
    let mut lines = vec![Line::Exactly(format!("{} from {} stacks", of(total), all.len()))];
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(all.len());
    for (names, weight) in &all[..limit] {
        let share = if total.1 == 0 { 0.0 } else { 100.0 * weight.1 as f64 / total.1 as f64 };
        lines.push(Line::Share(format!("{} (", of(*weight)), share));
        lines.extend(names.iter().map(|name| Line::Exactly(format!("  {name}"))));
    }
    let rest = &all[limit..];
    if !rest.is_empty() {
        let sum = sum(rest.iter().map(|(_, weight)| weight));
        lines.push(Line::Exactly(format!("not shown: {} from {} stacks", of(sum), rest.len())));
    }
    lines
}

/// The folded report.
pub fn folded(functions: &[Function], adds: &[&Add]) -> String {
    let breaks = |c: char| c == ';' || c.is_control() || c.is_whitespace();
    let line = |(names, weight): (Vec<String>, Weight)| {
        (names.into_iter().rev().collect::<Vec<_>>().join(";"), weight)
    };
    let lines = by_key(names(functions, &stacks(adds), breaks).into_iter().map(line));
    lines.iter().map(|(line, (_, bytes))| format!("{line} {bytes}\n")).collect()
}

/// What differs from what there has to be, in a sentence.
pub fn differs(functions: &[Function], limit: u64, adds: &[&Add], seen: &Reported) -> Option<String> {
    let stacks = stacks(adds);
    let total = sum(stacks.iter().map(|(_, weight)| weight));
    if seen.total != total {
        return Some(format!("`total` gave (blocks, bytes) {:?}; expected {total:?}.", seen.total));
    }
    if seen.stacks != stacks {
        let at = seen.stacks.iter().zip(&stacks).take_while(|(seen, expected)| seen == expected).count();
        return Some(format!(
            "`stacks` gave {} stacks, and as number {at}, counted from 0, {}; expected {} stacks, and there {}. (Frames; \
             blocks and bytes.)",
            seen.stacks.len(),
            spell(seen.stacks.get(at)),
            stacks.len(),
            spell(stacks.get(at))
        ));
    }
    let lines = text(functions, limit, &stacks);
    lines_differ("text", &seen.text, &lines).or_else(|| {
        let folded = folded(functions, adds);
        let lines: Vec<Line> = folded.lines().map(|line| Line::Exactly(line.to_owned())).collect();
        lines_differ("folded", &seen.folded, &lines)
    })
}

fn spell(stack: Option<&(Vec<u64>, Weight)>) -> String {
    stack.map_or("nothing".to_owned(), |(stack, weight)| format!("{stack:x?}, {weight:?}"))
}

fn lines_differ(report: &str, seen: &str, expected: &[Line]) -> Option<String> {
    if !seen.is_empty() && !seen.ends_with('\n') {
        return Some(format!("`{report}` does not end its last line."));
    }
    let lines: Vec<&str> = seen.split_terminator('\n').collect();
    let at = lines.iter().zip(expected).take_while(|(seen, expected)| expected.is(seen)).count();
    if at == lines.len() && at == expected.len() {
        return None;
    }
    let quote = |line: Option<String>| line.map_or("no more lines".to_owned(), |line| short(&line));
    Some(format!(
        "Line {} of `{report}` is {}; expected {}.",
        at + 1,
        quote(lines.get(at).map(|line| (*line).to_owned())),
        quote(expected.get(at).map(Line::spell))
    ))
}

/// A line as a message can bear it.
fn short(line: &str) -> String {
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{:?} and so on", &line[..end]),
        None => format!("{line:?}"),
    }
}
