//! The chapter on the interposer names tests; here they are looked for.

use std::path::Path;

/// Adds up the Rust sources in a folder.
fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder of the course").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            text.push_str(&std::fs::read_to_string(path).expect("a source is text"));
        }
    }
}

#[test]
fn every_test_that_the_chapter_names_exists() {
    let course = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the course's folder");
    let mut text = String::new();
    for folder in ["heap-api/src", "interposed/tests", "lab1-profiler/src"] {
        sources(&course.join(folder), &mut text);
    }
    let chapter = std::fs::read_to_string(course.join("lab1-profiler/INTERPOSER.md")).expect("the chapter");
    // Names of tests are sentences.
    let names = chapter.split('`').filter(|word| {
        !word.starts_with('_')
            && word.matches('_').count() > 3
            && word.chars().all(|char| char == '_' || char.is_ascii_lowercase())
    });
    let missing: Vec<&str> = names.clone().filter(|name| !text.contains(&format!("fn {name}("))).collect();
    assert!(names.count() > 15 && missing.is_empty(), "no such tests: {missing:#?}");
}
