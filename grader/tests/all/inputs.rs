//! Bad usage and broken courses: what is said, and the exit code.

use crate::course::{Course, DOUBLE};

/// Exit code and standard error of a run that gives no result.
fn refused(course: &Course, args: &[&str]) -> String {
    let said = course.run(args);
    assert_eq!(said.out, "");
    format!("exit code {}\n{}", said.code, said.err)
}

#[test]
fn a_submission_that_does_not_exist_is_bad_usage() {
    let course = Course::fresh();
    insta::assert_snapshot!(refused(&course, &["--submission", "nowhere"]));
}

#[test]
fn a_folder_that_is_no_submission_is_bad_usage() {
    let course = Course::fresh();
    insta::assert_snapshot!(refused(&course, &["--submission", "tiny-one/src"]));
}

#[test]
fn an_unknown_assignment_is_bad_usage() {
    let course = Course::fresh();
    insta::assert_snapshot!(refused(&course, &["ps9"]));
    insta::assert_snapshot!(refused(&course, &["tiny/halve"]));
}

#[test]
fn a_folder_without_a_course_is_bad_usage() {
    let course = Course::fresh();
    std::fs::remove_file(course.root().join("course.toml")).unwrap();
    insta::assert_snapshot!(refused(&course, &[]));
}

#[test]
fn a_broken_rubric_is_named_with_its_line() {
    let course = Course::fresh();
    course.write("tiny-one/rubric.toml", "id = \"tiny\"\ntitle = \"One\"\npionts = 3\n");
    insta::assert_snapshot!(refused(&course, &[]));
}

#[test]
fn a_sandbox_that_is_required_and_absent_grades_nothing() {
    let course = Course::fresh();
    insta::assert_snapshot!(refused(&course, &["--require-sandbox", "--without-wall", "files"]));
}

#[test]
fn help_names_the_exit_codes() {
    let course = Course::fresh();
    let said = course.run(&["--help"]);
    assert_eq!(said.code, 0);
    insta::assert_snapshot!(said.out);
}

#[test]
fn a_course_that_does_not_build_is_no_students_fault() {
    let course = Course::fresh();
    let submission = course.all_right_but("right", &[]);
    course.write("tiny-one/src/contract.rs", "nonsense");
    let said = course.run(&["--submission", submission.to_str().unwrap()]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("own files do not build"), "{}", said.err);
}

#[test]
fn a_score_below_what_is_required_has_an_exit_code_of_its_own() {
    let course = Course::fresh();
    let submission = course.submission("half", &[("src/double.rs", DOUBLE)]);
    let folder = submission.to_str().unwrap();
    assert_eq!(course.run(&["--require", "30", "--submission", folder]).code, 0);
    assert_eq!(course.run(&["--require", "30.5", "--submission", folder]).code, 1);
}

#[test]
fn a_judge_that_breaks_costs_nothing_and_is_said() {
    let course = Course::fresh();
    let judge = course.root().join("tiny-one/tests/public/main.rs");
    let text = std::fs::read_to_string(&judge).unwrap();
    std::fs::write(judge, text.replace("crate::check(false, \"triple\", 2, 6);", "std::process::exit(97);"))
        .unwrap();
    let graded = course.grade(&course.all_right_but("right", &[]), 4);
    assert_eq!(graded.check("tiny/triple/correctness/two_is_six").0, "GraderBroke");
    assert_eq!(graded.0["total"]["undecided"], 15.0);
    assert_eq!(graded.total(), 30.0);
}
