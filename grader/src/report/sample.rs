//! Results that the tests of every report share.

use std::collections::BTreeMap;

use crate::record::Measured;
use crate::result::{
    AssignmentResult, CheckResult, CourseResult, ExerciseResult, Note, SCHEMA, Tally, Topic,
};
use crate::rubric::{Kind, Visibility};
use crate::verdict::Verdict;

fn tally(score: f64, max: f64, hidden: f64) -> Tally {
    Tally { score, max, visible: max - hidden, hidden, undecided: 0.0 }
}

fn check(id: &str, kind: Kind, verdict: Verdict, score: f64, max: f64) -> CheckResult {
    CheckResult {
        id: id.into(),
        title: id.rsplit('/').next().unwrap_or(id).replace('_', " "),
        kind,
        visibility: Visibility::Public,
        verdict,
        score,
        max,
        left_out: false,
        seconds: 0.25,
        measures: BTreeMap::new(),
        message: String::new(),
        program: None,
        seed: None,
    }
}

fn hidden(name: &str, title: &str, verdict: Verdict) -> CheckResult {
    CheckResult {
        title: title.into(),
        visibility: Visibility::Hidden,
        message: "a secret message".into(),
        program: Some("secret_program();".into()),
        seed: Some("0x5ec2e7".into()),
        measures: BTreeMap::from([("secret_measure".into(), measured(1.0, None))]),
        ..check(&format!("ps1/buddy/correctness/{name}"), Kind::Correctness, verdict, 0.0, 0.25)
    }
}

fn measured(value: f64, interval: Option<(f64, f64)>) -> Measured {
    let (low, high) = interval.unzip();
    Measured { value, unit: "x".into(), low, high, full: None, zero: None }
}

fn exercise(id: &str, title: &str, verdict: Verdict, tally: Tally) -> ExerciseResult {
    ExerciseResult {
        id: id.into(),
        title: title.into(),
        file: format!("src/{id}.rs"),
        extra_credit: false,
        published: true,
        verdict,
        message: String::new(),
        tally,
        kinds: BTreeMap::new(),
        checks: Vec::new(),
    }
}

/// The points by kind, from those of checks that need no rounding.
fn kinds(checks: &[CheckResult]) -> BTreeMap<Kind, Tally> {
    let mut kinds: BTreeMap<Kind, Tally> = BTreeMap::new();
    for check in checks {
        let kind = kinds.entry(check.kind).or_default();
        kind.score += check.score;
        kind.max += check.max;
        *if check.left_out { &mut kind.undecided } else { &mut kind.visible } += check.max;
    }
    kinds
}

/// A submission with something of everything, graded with hidden judges.
pub(crate) fn mixed() -> CourseResult {
    use Kind::{Concurrency, Correctness, Performance, Property, Refuses};
    let mut wrong = check(
        "ps1/buddy/correctness/freeing_both_buddies_restores_the_parent_block",
        Correctness,
        Verdict::Failed,
        0.0,
        0.5,
    );
    wrong.message =
        "Allocated two blocks of 4096 bytes and freed both.\nExpected one free block of 8192 bytes \
                     at offset 0; saw two of 4096 <b>bytes</b>.\nRead on: Knuth, volume 1, section 2.5."
            .into();
    wrong.program = Some("let a = heap.allocate(4096);\nheap.free(a);".into());
    wrong.seed = Some("0x00ff".into());
    let mut slow = check("ps1/buddy/performance/throughput", Performance, Verdict::Failed, 0.2, 0.5);
    slow.message =
        "0.65 times as fast as the peer; full credit starts at 0.8, and `walk()` takes part.".into();
    slow.measures = BTreeMap::from([
        ("footprint".into(), Measured { full: Some(1.1), zero: Some(2.0), ..measured(1.004, None) }),
        (
            "throughput".into(),
            Measured { full: Some(0.8), zero: Some(0.4), ..measured(0.65, Some((0.62, 0.68))) },
        ),
        ("throughput_starts".into(), Measured { unit: String::new(), ..measured(9.0, None) }),
    ]);
    let mut platform = check("ps1/buddy/concurrency/on_loom", Concurrency, Verdict::NotRun, 0.0, 0.0);
    platform.left_out = true;
    let mut buddy = exercise("buddy", "Buddy system", Verdict::Failed, tally(1.2, 2.5, 0.0));
    buddy.checks = vec![
        check("ps1/buddy/correctness/blocks_tile_the_region", Correctness, Verdict::Passed, 0.5, 0.5),
        wrong,
        hidden("secret_name_of_a_check", "Top-order blocks are kept", Verdict::Failed),
        hidden("another_secret_name_of_a_check", "another secret name of a check", Verdict::Passed),
        check("ps1/buddy/property/no_two_blocks_overlap", Property, Verdict::Passed, 0.5, 0.5),
        platform,
        slow,
    ];
    let mut slab = exercise("slab", "Slab", Verdict::DoesNotBuild, tally(0.0, 5.0, 0.0));
    slab.message = "error[E0308]: mismatched types\n --> ps1-allocators/src/slab.rs:12:9".into();
    let mut pool = exercise("pool", "Pool", Verdict::NotAttempted, tally(0.0, 3.0, 0.0));
    pool.checks = vec![
        check("ps1/pool/correctness/keys_are_distinct", Correctness, Verdict::NotAttempted, 0.0, 2.0),
        check("ps1/pool/refuses/a_box_outlives_its_pool", Refuses, Verdict::NotRun, 0.0, 1.0),
    ];
    let mut comparison = exercise("comparison", "Comparison", Verdict::GraderBroke, tally(0.0, 2.83, 0.0));
    comparison.tally.undecided = 2.83;
    comparison.tally.visible = 0.0;
    comparison.checks =
        vec![check("ps1/comparison/correctness/median", Correctness, Verdict::GraderBroke, 0.0, 2.83)];
    comparison.checks[0].message = "The judge ended without a record.".into();
    comparison.checks[0].left_out = true;
    let mut ordering = exercise("ordering", "Memory ordering", Verdict::Passed, tally(2.0, 2.0, 0.0));
    ordering.extra_credit = true;
    ordering.checks = vec![check("ps1/ordering/correctness/ring", Correctness, Verdict::Passed, 2.0, 2.0)];
    let mut exercises = vec![buddy, slab, pool, comparison, ordering];
    exercises.iter_mut().for_each(|exercise| exercise.kinds = kinds(&exercise.checks));
    let mut ps1 = tally(1.2, 13.33, 0.0);
    ps1.undecided = 2.83;
    ps1.visible = 10.5;
    CourseResult {
        schema: SCHEMA,
        title: "Advanced Memory Management".into(),
        scope: vec!["ps1".into()],
        total: ps1,
        extra_credit: tally(2.0, 10.0, 0.0),
        assignments: vec![AssignmentResult {
            id: "ps1-allocators".into(),
            short: "ps1".into(),
            title: "Problem set 1: custom allocators".into(),
            tally: ps1,
            exercises,
        }],
        notes: vec![Note {
            topic: Topic::Ignored,
            text: "These files of the submission were not read: ps1-allocators/Cargo.toml.".into(),
        }],
        sandbox: "unsandboxed".into(),
        toolchain: "rustc 1.95.0".into(),
        submission: "ab12".into(),
        course: "cd34".into(),
        seconds: 12.5,
    }
}

/// A whole course with every visible point, in a student's edition.
pub(crate) fn perfect() -> CourseResult {
    let mut result = mixed();
    let mut buddy = exercise("buddy", "Buddy system", Verdict::Passed, tally(62.0, 100.0, 38.0));
    buddy.checks = vec![check(
        "ps1/buddy/correctness/blocks_tile_the_region",
        Kind::Correctness,
        Verdict::Passed,
        62.0,
        62.0,
    )];
    buddy.kinds = kinds(&buddy.checks);
    result.scope.clear();
    result.notes.clear();
    result.total = tally(62.0, 100.0, 38.0);
    result.extra_credit = tally(0.0, 10.0, 0.0);
    result.assignments[0].tally = result.total;
    result.assignments[0].exercises = vec![buddy];
    result.assignments.push(AssignmentResult {
        id: "final-project".into(),
        short: "final-project".into(),
        title: "final-project".into(),
        tally: tally(0.0, 30.0, 0.0),
        exercises: Vec::new(),
    });
    result
}
