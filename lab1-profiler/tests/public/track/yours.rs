//! Your own programs. They are not graded: paste a failing one here, and run it alone.
//!
//! ```text
//! cargo test -p lab1-profiler yours
//! ```

#[allow(unused_imports, reason = "whatever a pasted program needs is at hand")]
use super::laws::{call, follow, free, look, malloc, realloc, switch};
use testkit::judge;

#[test]
fn an_example() {
    judge(|check| {
        let commands = [
            call(malloc(0x10000, 24, 1)),
            call(malloc(0x20000, 4096, 2).aligned(4096)).elsewhere(),
            call(realloc(0x10000, 0x30000, 48, 3)).meanwhile([malloc(0x10000, 8, 4)]),
            call(free(0x20000)),
            look(),
        ];
        follow(check, commands)
    });
}
