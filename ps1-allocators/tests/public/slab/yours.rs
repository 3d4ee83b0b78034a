//! Your own programs. They are not graded: paste a failing one here, and run it alone.
//!
//! ```text
//! cargo test -p ps1-allocators yours
//! ```

use super::laws::heap;
use testkit::heap::{allocate, deallocate, walk};
use testkit::judge;

#[test]
fn an_example() {
    judge(|check| {
        heap(check)?.follow(65536, [allocate(0, 24, 8), walk(), deallocate(0), walk()])?;
        Ok(())
    });
}
