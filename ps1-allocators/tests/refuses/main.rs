//! Snippets that must not compile, and their twins that must.
//!
//! The grader compiles each against a submission's library and compares error code and marked line; here
//! trybuild compares the compiler's whole message with the `.stderr` file beside it. Where that names an answer's
//! private fields there is none, and the grader alone decides.

use std::path::{Path, PathBuf};

#[test]
fn snippets_that_must_not_compile_do_not_and_their_twins_do() {
    let cases = trybuild::TestCases::new();
    for snippet in snippets(Path::new("tests/refuses")) {
        if snippet.to_string_lossy().ends_with(".ok.rs") {
            cases.pass(snippet);
        } else if snippet.with_extension("stderr").is_file() {
            cases.compile_fail(snippet);
        }
    }
}

/// The sources in the folders of the exercises, in order.
fn snippets(folder: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let exercises = entries(folder).into_iter().filter(|path| path.is_dir());
    let mut snippets: Vec<_> = exercises.flat_map(|exercise| entries(&exercise)).collect();
    snippets.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    snippets.sort();
    assert!(!snippets.is_empty(), "no snippets in {}", folder.display());
    snippets
}
