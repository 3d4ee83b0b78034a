//! The students' checkout: what is in it, and that it is graded with the instructors' hidden tests.

use serde_json::Value;

use crate::course::{Course, DOUBLE};

/// An instructors' checkout, in which the author has answered an exercise.
fn instructors() -> Course {
    let course = Course::fresh();
    for folder in ["solutions", "target", ".git", ".ci", ".cargo", "tiny-one/tests/refuses-hidden/double"] {
        std::fs::create_dir_all(course.root().join(folder)).unwrap();
    }
    for secret in ["solutions/a", "target/a", ".git/a", ".ci/a", "tiny-one/tests/refuses-hidden/double/a.rs"]
    {
        course.write(secret, "");
    }
    course.write("term.key", "1");
    course.write(".cargo/config.toml", "");
    course.write("tiny-one/src/double.rs", DOUBLE);
    course
}

#[test]
fn students_receive_skeletons_and_neither_answers_nor_hidden_tests() {
    let course = instructors();
    let said = course.run(&["author", "handout", "../students"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let students = course.root().with_file_name("students");
    for absent in ["solutions", "target", ".git", ".ci", "term.key", "tiny-one/tests/hidden"] {
        assert!(!students.join(absent).exists(), "{absent}");
    }
    assert!(!students.join("tiny-one/tests/refuses-hidden").exists());
    let read = |file: &str| std::fs::read_to_string(students.join(file)).unwrap();
    assert_eq!(read("tiny-one/src/double.rs"), read("tiny-one/skeleton/double.rs"));
    for present in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "tiny-one/tests/public/main.rs"] {
        assert!(students.join(present).is_file(), "{present}");
    }
    let rubric = read("tiny-one/rubric.toml");
    assert!(rubric.contains("\"correctness::hidden-1\" = \"Big numbers are doubled\""), "{rubric}");
    assert!(!rubric.contains("big_numbers"), "{rubric}");
}

#[test]
fn a_folder_that_is_there_is_left_as_it_is() {
    let course = instructors();
    let said = course.run(&["author", "handout", "tiny-one"]);
    assert_eq!(said.code, 2);
    assert!(said.err.starts_with("error: tiny-one is there already\n"), "{}", said.err);
}

#[test]
fn a_students_checkout_grades_with_the_instructors_hidden_tests() {
    let course = instructors();
    course.run(&["author", "handout", "../students"]);
    let students = course.root().with_file_name("students");
    let right = course.all_right_but("right", &[]);
    let (right, hidden) = (right.to_str().unwrap(), course.root());
    let args = ["--format", "json", "--submission", right, "--hidden", hidden.to_str().unwrap()];
    std::fs::remove_dir_all(hidden.join("tiny-one/tests/refuses-hidden")).unwrap();
    let done = course.command_in(&students, &args).output().unwrap();
    let result: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(result["total"]["score"], 45.0, "{result:#}");
    assert_eq!(result["total"]["hidden"], 0.0);
    assert!(result.to_string().contains("Big numbers are doubled"), "{result:#}");
}
