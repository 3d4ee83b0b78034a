//! What right, partial and missing answers score.

use crate::course::{Course, DOUBLE, TRIPLE};

#[test]
fn a_right_answer_gets_all_points_and_an_untouched_one_none() {
    let course = Course::fresh();
    let graded = course.grade(&course.all_right_but("right", &[]), 0);
    // 30 and 15 of the first assignment's 60; its fourth quarter and the second assignment are to come.
    assert_eq!(graded.total(), 45.0, "{:#}", graded.0);
    assert_eq!(graded.0["extra_credit"]["score"], 5.0);
    assert_eq!(graded.0["total"]["visible"], 100.0);
    assert_eq!(graded.verdicts("double"), ["Passed"; 6]);

    let untouched = course.grade(&course.root(), 0);
    assert_eq!(untouched.total(), 0.0);
    let exercises = untouched.0["assignments"][0]["exercises"].as_array().unwrap();
    assert!(exercises.iter().all(|exercise| exercise["verdict"] == "NotAttempted"), "{:#}", untouched.0);

    let run_all_the_same = course.run(&["--format", "json", "--run-skeletons"]);
    let result: serde_json::Value = serde_json::from_str(&run_all_the_same.out).unwrap();
    assert_eq!(result["total"]["score"], 0.0, "{}", run_all_the_same.out);
}

#[test]
fn a_measure_carries_the_edges_and_the_unit_that_the_rubric_gives_it() {
    let course = Course::fresh();
    let graded = course.grade(&course.all_right_but("right", &[]), 0);
    let measured = |exercise: usize| {
        graded.0["assignments"][0]["exercises"][exercise]["checks"][0]["measures"]["steps"].clone()
    };
    assert_eq!(measured(0), serde_json::json!({ "value": 1.5, "unit": " steps", "full": 2.0, "zero": 4.0 }));
    assert_eq!(measured(1), serde_json::json!({ "value": 1.5, "unit": "x" }));
}

#[test]
fn what_is_wrong_costs_its_checks_and_what_needs_them() {
    let course = Course::fresh();
    let wrong = DOUBLE.replace("n * 2", "n");
    let graded = course.grade(&course.all_right_but("wrong", &[("src/double.rs", &wrong)]), 0);
    assert_eq!(graded.check("tiny/double/correctness/nothing_stays_nothing").0, "Passed");
    let (verdict, message) = graded.check("tiny/double/correctness/two_is_four");
    assert_eq!((verdict.as_str(), message.as_str()), ("Failed", "double of 2 is 4, and 2 was seen."));
    assert_eq!(graded.check("tiny/double/performance/is_quick").0, "NotRun");
    // 2 of correctness' 4 public points, 1 of refuses and 1 of concurrency, of 10 that make 30.
    assert_eq!(graded.exercise("double").1, 12.0);
}

#[test]
fn without_hidden_tests_their_points_are_neither_earned_nor_lost() {
    let course = Course::fresh();
    std::fs::remove_dir_all(course.root().join("tiny-one/tests/hidden")).unwrap();
    let submission = course.all_right_but("right", &[]);
    let graded = course.grade(&submission, 0);
    assert_eq!(graded.total(), 39.0);
    assert_eq!(graded.0["total"]["hidden"], 6.0);
    assert_eq!(graded.0["total"]["visible"], 94.0);
    assert!(!graded.0.to_string().contains("big_numbers"), "a hidden check is named");

    // The same course with hidden tests from a private folder.
    let private = course.submission("private", &[]);
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/course/tiny-one/tests/hidden/main.rs");
    std::fs::create_dir_all(private.join("tiny-one/tests/hidden")).unwrap();
    std::fs::copy(from, private.join("tiny-one/tests/hidden/main.rs")).unwrap();
    let args = ["--format", "json", "--hidden", private.to_str().unwrap(), "--submission"];
    let said = course.run(&[&args[..], &[submission.to_str().unwrap()]].concat());
    let result: serde_json::Value =
        serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    assert_eq!(result["total"]["score"], 45.0);
}

#[test]
fn a_type_that_takes_what_must_not_compile_loses_that_check_only() {
    let course = Course::fresh();
    // The contract would not let it build.
    course.write("tiny-one/src/contract.rs", "");
    let lax = DOUBLE.replace("&mut self", "&self");
    let graded = course.grade(&course.all_right_but("lax", &[("src/double.rs", &lax)]), 0);
    let (verdict, message) = graded.check("tiny/double/refuses/a_shared_doubler_cannot_double");
    assert_eq!(verdict, "Failed");
    assert!(
        message.contains("must not compile (E0596), and the compiler takes it: `shared.double(1);`"),
        "{message}"
    );
    assert_eq!(graded.exercise("double").1, 27.0);
}

#[test]
fn a_single_exercise_is_graded_over_its_own_points() {
    let course = Course::fresh();
    let submission = course.submission("one", &[("src/triple.rs", TRIPLE), ("src/double.rs", DOUBLE)]);
    let args = ["--format", "json", "tiny/triple", "--submission", submission.to_str().unwrap()];
    let said = course.run(&args);
    let result: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&result["total"]["score"], &result["total"]["max"]), (&15.0.into(), &15.0.into()));
    assert_eq!(result["assignments"][0]["exercises"].as_array().unwrap().len(), 1);
}
