//! What judges stand on.
//!
//! ```text
//!   #[test] fn freeing_both_buddies_restores_the_parent_block() {
//!       judge(|check| …)                 a check: its name, seed, record          check
//!   }                     │
//!                         ├─ client: programs out, transcripts in                 client
//!                         │    driver: one process, its limits, how it ended      driver, death
//!                         ├─ heap: programs for allocators, an oracle over them   heap::*
//!                         ├─ program: one with a library preloaded, to its end    program
//!                         ├─ property: proptest's value tree, shrunk over drivers property
//!                         ├─ timing: a timed loop, its clock and its sum          timing
//!                         ├─ duel: paired ratios, when to stop, what they earn    duel, edges
//!                         ├─ side_by_side: parts that need nothing of each other  side_by_side
//!                         └─ trace: recorded programs                             trace
//! ```
//!
//! **No student code runs in a judge.** Everything here sees replies only.

pub mod check;
pub mod client;
pub mod death;
pub mod driver;
pub mod duel;
pub mod edges;
pub mod effort;
pub mod fault;
pub mod heap;
pub mod peers;
pub mod program;
pub mod property;
pub mod side_by_side;
pub mod timing;
pub mod trace;

pub use check::{Check, judge};
pub use fault::{Fault, Judged};
pub use proptest;
pub use side_by_side::side_by_side;
