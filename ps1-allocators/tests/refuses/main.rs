//! Snippets that must not compile, and their twins that must.
//!
//! The grader compiles each against a submission's library and compares error code and marked line; here
//! trybuild compares the compiler's whole message with the `.stderr` file beside it. Where that names an answer's
//! private fields there is none, and the grader alone decides.

use std::path::{Path, PathBuf};

// A test is found by its exercise's name, as the judges' are.
mod buddy {
    #[test]
    fn refuses_what_must_not_compile() {
        super::refuses("buddy");
    }
}

mod pool {
    #[test]
    fn refuses_what_must_not_compile() {
        super::refuses("pool");
    }
}

/// Compiles an exercise's snippets: those that must not compile do not, and their twins do.
fn refuses(exercise: &str) {
    let cases = trybuild::TestCases::new();
    for snippet in snippets(&Path::new("tests/refuses").join(exercise)) {
        if snippet.to_string_lossy().ends_with(".ok.rs") {
            cases.pass(snippet);
        } else if snippet.with_extension("stderr").is_file() {
            cases.compile_fail(snippet);
        }
    }
}

/// The sources in a folder, in order.
fn snippets(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut snippets: Vec<_> = entries.map(|entry| entry.path()).collect();
    snippets.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    snippets.sort();
    assert!(!snippets.is_empty(), "no snippets in {}", folder.display());
    snippets
}
