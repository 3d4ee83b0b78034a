//! Your own heaps. They are not graded: paste a failing one here, and run it alone.
//!
//! ```text
//! cargo test -p lab1-profiler fragmentation::yours
//! ```

#[allow(unused_imports, reason = "whatever a pasted heap needs is at hand")]
use super::laws::{follow, free, measure, metadata, used};
use testkit::judge;

#[test]
fn an_example() {
    judge(|check| measure(check, 64, [used(0, 32, 24), free(32, 16), free(48, 48), metadata(96, 32)]));
}
