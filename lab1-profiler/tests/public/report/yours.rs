//! Your own cases. They are not graded: paste a failing one here, and run it alone.
//!
//! ```text
//! cargo test -p lab1-profiler report::yours
//! ```

#[allow(unused_imports, reason = "whatever a pasted case needs is at hand")]
use super::laws::{add, add_skipping, function, report};
use testkit::judge;

#[test]
fn an_example() {
    judge(|check| {
        report(
            check,
            1,
            [function(0x1000, 0x1100, "main"), function(0x1100, 0x1200, "parse")],
            [add([0x1120, 0x1010], 3, 4096), add([0x1010], 1, 100), add_skipping([0x9000, 0x1010], 1, 2, 50)],
        )
    });
}
