//! What is told of a check that the last run does not have.

use crate::course::Course;

#[test]
fn a_check_of_another_exercise_is_told_with_what_to_grade_first() {
    let course = Course::fresh();
    std::fs::create_dir_all(course.root().join("tiny-one/tests/public/double")).unwrap();
    course.write("tiny-one/tests/public/double/correctness.rs", "#[test]\nfn two_is_four() {}\n");
    assert_eq!(course.run(&["tiny/triple"]).code, 0);
    for asked in ["two_is_four", "double::correctness::two_is_four", "tiny/double/correctness/two_is_four"] {
        let said = course.run(&["explain", asked]).err;
        let told =
            format!("error: the last run graded tiny/triple, and `{asked}` is a check of tiny/double\n");
        assert!(said.starts_with(&told), "{said}");
        assert!(said.contains("grade that first: `cargo grade tiny/double`"), "{said}");
    }
    for asked in ["correctness::big_numbers", "big numbers are doubled"] {
        let said = course.run(&["explain", asked]).err;
        let told = "is a hidden check of tiny/double: Big numbers are doubled";
        assert!(said.contains(told), "{said}");
    }
    let said = course.run(&["explain", "triple::correctness::two_is_four"]).err;
    assert!(said.contains("graded tiny/triple, and has no check"), "{said}");
}
