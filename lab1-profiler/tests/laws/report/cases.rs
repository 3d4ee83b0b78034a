//! Random cases.

use crate::protocol::report::{Add, Case, Function};
use testkit::proptest::prelude::*;

/// Names, some of which try to break a format. Several functions may have one name.
const NAMES: [&str; 17] = [
    "main",
    "main.cold",
    "parse",
    "main;parse",
    "[u8; 4]",
    "a b 12",
    "line\nend",
    "tab\tand\r\n",
    "",
    " ",
    "\0",
    "\u{202e}rtl",
    "\u{2028}",
    "\"quoted\\'",
    "</script>",
    "9 bytes in 3 blocks (1.0 %)",
    "[unknown]",
];

/// Each function has sixteen addresses, and between two of them is a gap of sixteen where there is none.
const LENGTH: u64 = 16;

fn functions() -> impl Strategy<Value = Vec<Function>> {
    let name = prop_oneof![1 => Just(None), 9 => (0..NAMES.len()).prop_map(Some)];
    prop::collection::vec((name, any::<bool>()), 1..8).prop_map(|names| {
        let mut start = 0x1000;
        let place = |(name, gap): (Option<usize>, bool)| {
            start += if gap { 2 * LENGTH } else { LENGTH };
            (start, start + LENGTH, name.map(|at| NAMES[at].to_owned()))
        };
        names.into_iter().map(place).collect()
    })
}

/// Few addresses, half of them where one function ends and another may begin.
fn frame() -> impl Strategy<Value = u64> {
    (1..20_u64, any::<bool>()).prop_map(|(n, inside)| 0x1000 + n * LENGTH + if inside { 5 } else { 0 })
}

fn one() -> impl Strategy<Value = Add> {
    let stack = prop::collection::vec(frame(), 0..5);
    let figure = prop_oneof![4 => 0..5_u64, 1 => 0..1_000_000_u64];
    (stack, 0..3_u64, figure.clone(), figure).prop_map(|(stack, skip, blocks, bytes)| Add {
        stack,
        skip,
        blocks,
        bytes,
    })
}

/// Cases of up to `most` additions a round.
pub fn cases(most: usize) -> impl Strategy<Value = Case> {
    let adds = prop::collection::vec(one(), 0..=most);
    let limit = prop_oneof![4 => 0..8_u64, 1 => Just(u64::MAX)];
    (functions(), prop::collection::vec(adds, 1..3), limit).prop_map(|(functions, rounds, limit)| Case {
        functions,
        rounds,
        limit,
    })
}
