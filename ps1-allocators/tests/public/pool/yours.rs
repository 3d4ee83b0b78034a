//! Your own programs. They are not graded: paste a failing one here, and run it alone.
//!
//! ```text
//! cargo test -p ps1-allocators yours
//! ```

#[allow(unused_imports, reason = "whatever a pasted program needs is at hand")]
use super::laws::{Kind, Which, change, discard, follow, forge, get, insert, renew, sweep, take};
use testkit::judge;

#[test]
fn an_example() {
    judge(|check| {
        let commands =
            [insert(0), insert(1), insert(2), take(0), get(0), insert(3), sweep(), renew(), sweep()];
        follow(check, Which::Keyed, Kind::Plain, 2, commands)
    });
}
