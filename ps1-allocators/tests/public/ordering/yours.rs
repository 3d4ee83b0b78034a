//! Your own tests. They are not graded: paste a failing one here, and run it alone.
//!
//! ```text
//! cargo test -p ps1-allocators ordering::yours
//! ```

use super::laws::{litmus, load, plain, ring, store};
use crate::protocol::ordering::Step;
use testkit::judge;

#[test]
fn an_example_of_a_litmus_test() {
    judge(|check| litmus(&plain(check)?, &[vec![store(0, 1), load(1)], vec![store(1, 1), load(0)]]));
}

#[test]
fn an_example_of_a_ring() {
    judge(|check| ring(&plain(check)?, 2, &[Step::Push(7), Step::Pop, Step::Pop]));
}
