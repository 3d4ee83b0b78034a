//! Submissions that are broken, careless or meant ill: each costs its own exercise and nothing else.

use crate::course::{Course, DOUBLE, TRIPLE};

#[test]
fn a_missing_file_is_not_attempted_and_the_rest_is_graded() {
    let course = Course::fresh();
    let graded = course.grade(&course.submission("missing", &[("src/triple.rs", TRIPLE)]), 0);
    let (verdict, score, message) = graded.exercise("double");
    assert_eq!((verdict.as_str(), score), ("NotAttempted", 0.0));
    assert!(message.contains("tiny-one/src/double.rs is not in the submission"), "{message}");
    assert_eq!(graded.total(), 15.0);
}

#[test]
fn a_file_that_is_not_text_costs_its_exercise_only() {
    let course = Course::fresh();
    let folder = course.all_right_but("binary", &[]);
    std::fs::write(folder.join("tiny-one/src/double.rs"), b"// a\n// \xff\xfe\n").unwrap();
    let graded = course.grade(&folder, 0);
    let (verdict, _, message) = graded.exercise("double");
    assert_eq!(verdict, "DoesNotBuild");
    assert!(message.contains("tiny-one/src/double.rs:2: this is not UTF-8"), "{message}");
    assert_eq!(graded.total(), 15.0);
}

#[test]
fn a_syntax_error_costs_its_exercise_only_and_the_compiler_speaks() {
    let course = Course::fresh();
    let graded = course.grade(&course.all_right_but("syntax", &[("src/double.rs", "pub fn (")]), 0);
    let (verdict, _, message) = graded.exercise("double");
    assert_eq!(verdict, "DoesNotBuild");
    assert!(message.contains("tiny-one/src/double.rs:1:"), "{message}");
    assert_eq!(graded.verdicts("double"), ["DoesNotBuild"; 6]);
    assert_eq!(graded.exercise("triple").0, "Passed");
    assert_eq!(graded.total(), 15.0);
}

#[test]
fn a_changed_signature_costs_its_exercise_though_the_contract_complains() {
    let course = Course::fresh();
    let changed = TRIPLE.replace("n: u64", "n: u64, _by: u64");
    let graded = course.grade(&course.all_right_but("signature", &[("src/triple.rs", &changed)]), 0);
    let (verdict, _, message) = graded.exercise("triple");
    assert_eq!(verdict, "DoesNotBuild");
    assert!(message.contains("contract.rs"), "{message}");
    assert_eq!(graded.exercise("double").1, 30.0);
}

#[test]
fn a_todo_an_exit_a_crash_and_an_endless_loop_are_told_apart() {
    let course = Course::fresh();
    let verdict = |name: &str, body: &str| {
        let text = TRIPLE.replace("n * 3", body);
        let graded = course.grade(&course.all_right_but(name, &[("src/triple.rs", &text)]), 0);
        assert_eq!(graded.exercise("double").1, 30.0, "{name}");
        let (verdict, score, _) = graded.exercise("triple");
        assert_eq!(score, 0.0, "{name}");
        verdict
    };
    assert_eq!(verdict("todo", "todo!(\"{n}\")"), "NotAttempted");
    assert_eq!(verdict("exit", "if n > 0 { std::process::exit(0) } n"), "Failed");
    assert_eq!(verdict("abort", "if n > 0 { std::process::abort() } n"), "Crashed");
    assert_eq!(verdict("loop", "#[allow(clippy::empty_loop)] if n > 0 { loop {} } n"), "TimedOut");
    let flood = "for _ in 0..40_000_000 / 100 { print!(\"{}\", \"x\".repeat(100)) } n";
    assert_eq!(verdict("flood", flood), "Failed");
}

#[test]
fn what_the_policy_forbids_is_refused_with_its_line() {
    let course = Course::fresh();
    let peek =
        format!("{DOUBLE}// the answer?\nconst _: &str = include_str!(\"../tests/hidden/main.rs\");\n");
    let graded = course.grade(&course.all_right_but("peek", &[("src/double.rs", &peek)]), 0);
    let (verdict, _, message) = graded.exercise("double");
    assert_eq!(verdict, "Refused");
    assert!(message.starts_with("tiny-one/src/double.rs:10: `include_str` is not allowed"), "{message}");
    assert_eq!(graded.exercise("triple").0, "Passed");
}

#[test]
fn a_linked_file_is_not_followed() {
    let course = Course::fresh();
    let folder = course.all_right_but("link", &[]);
    let file = folder.join("tiny-one/src/double.rs");
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
    let graded = course.grade(&folder, 0);
    assert_eq!(graded.exercise("double").0, "Refused");
    assert!(!graded.0.to_string().contains("root:"));
}

#[test]
fn a_build_script_and_a_manifest_of_the_students_are_ignored_and_named() {
    let course = Course::fresh();
    let bad =
        [("build.rs", "fn main() { panic!() }"), ("Cargo.toml", "nonsense"), ("src/lib.rs", "nonsense")];
    let graded = course.grade(&course.all_right_but("script", &bad), 0);
    assert_eq!(graded.total(), 45.0);
    let notes = graded.notes();
    for file in ["tiny-one/build.rs", "tiny-one/Cargo.toml", "tiny-one/src/lib.rs"] {
        assert!(notes.contains(file), "{notes}");
    }
}

#[test]
fn a_constant_that_never_ends_does_not_hold_the_grader_up() {
    let course = Course::fresh();
    let bomb = format!("{TRIPLE}const _: () = loop {{}};\n");
    let graded = course.grade(&course.all_right_but("bomb", &[("src/triple.rs", &bomb)]), 0);
    assert_eq!(graded.exercise("triple").0, "DoesNotBuild");
    assert_eq!(graded.exercise("double").1, 30.0);
}
