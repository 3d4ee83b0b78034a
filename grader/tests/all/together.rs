//! Several runs on one course: none sees another's code, and nothing is built in vain.

use crate::course::{Course, DOUBLE};

#[test]
fn submissions_one_after_the_other_never_see_each_others_code() {
    let course = Course::fresh();
    let right = course.all_right_but("right", &[]);
    let wrong = course.all_right_but("wrong", &[("src/double.rs", &DOUBLE.replace("n * 2", "n * 3"))]);
    for _ in 0..2 {
        assert_eq!(course.grade(&right, 0).exercise("double").0, "Passed");
        assert_eq!(course.grade(&wrong, 0).exercise("double").0, "Failed");
    }
}

#[test]
fn submissions_at_the_same_time_never_see_each_others_code() {
    let course = Course::fresh();
    // Judges are there already, so that both come to their drivers at once.
    course.grade(&course.root(), 0);
    std::thread::scope(|scope| {
        let runs: Vec<_> = [2, 3, 2, 5]
            .into_iter()
            .enumerate()
            .map(|(i, by)| {
                let text = DOUBLE.replace("n * 2", &format!("n * {by}"));
                let folder = course.all_right_but(&format!("by-{i}"), &[("src/double.rs", &text)]);
                let course = &course;
                scope.spawn(move || {
                    (by, course.grade(&folder, 0).check("tiny/double/correctness/two_is_four"))
                })
            })
            .collect();
        for run in runs {
            let (by, (verdict, message)) = run.join().unwrap();
            match by {
                2 => assert_eq!(verdict, "Passed"),
                by => assert_eq!(message, format!("double of 2 is 4, and {} was seen.", 2 * by)),
            }
        }
    });
}

#[test]
fn judges_are_built_once_for_a_course() {
    let course = Course::fresh();
    let building = "building the judges";
    assert!(!course.run(&[]).err.contains(building), "nothing is begun, so nothing needs a judge");
    let folder = course.all_right_but("right", &[]);
    let grade = || course.run(&["--submission", folder.to_str().unwrap()]).err;
    assert!(grade().contains(building));
    assert!(!grade().contains(building));
    let public = course.root().join("tiny-one/tests/public/main.rs");
    let text = std::fs::read_to_string(&public).unwrap();
    std::fs::write(public, format!("// Changed.\n{text}")).unwrap();
    assert!(grade().contains(building));

    let moved = course.root().with_file_name("moved");
    std::fs::rename(course.root(), &moved).unwrap();
    let submission = ["--submission", folder.to_str().unwrap()];
    let done = course.command_in(&moved, &submission).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains(building), "judges of another folder's course were used: {said}");
}

#[test]
fn reports_are_kept() {
    let course = Course::fresh();
    let folder = course.all_right_but("right", &[]);
    let graded = course.grade(&folder, 0);
    let kept = std::fs::read_to_string(course.root().join("target/grade/report.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["submission"], graded.0["submission"]);
    assert!(course.root().join("target/grade/report.html").is_file());
}

#[test]
fn the_same_submission_has_the_same_score_and_hashes() {
    let course = Course::fresh();
    let folder = course.all_right_but("right", &[]);
    let (first, second) = (course.grade(&folder, 0), course.grade(&folder, 0));
    for field in ["total", "extra_credit", "submission", "course", "toolchain"] {
        assert_eq!(first.0[field], second.0[field], "{field}");
    }
}
