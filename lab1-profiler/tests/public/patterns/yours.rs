//! Your own events. They are not graded: paste failing ones here, and run them alone.
//!
//! ```text
//! cargo test -p lab1-profiler yours
//! ```

#[allow(unused_imports, reason = "whatever pasted events need is at hand")]
use super::laws::{allocated, follow, freed, moved, on};
#[allow(unused_imports, reason = "whatever pasted events need is at hand")]
use crate::protocol::patterns::Event::{Allocated, Freed, Moved};
use testkit::judge;

#[test]
fn an_example() {
    judge(|check| {
        let steps = [allocated(0x1000, 24, 7), allocated(0x2000, 100, 8), freed(0x1000), freed(0x2000)];
        follow(check, steps)
    });
}
