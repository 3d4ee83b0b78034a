//! Single behaviours.

use super::laws::cases::cases;
use super::laws::{add, add_skipping, ask, client, exactly, formats, function, report, write};
use crate::protocol::report::{Case, Function, Job, Reported};
use testkit::property::property;
use testkit::{Fault, judge};

/// Three functions, side by side.
fn functions() -> [Function; 3] {
    [
        function(0x1000, 0x1100, "main"),
        function(0x1100, 0x1200, "parse"),
        function(0x1200, 0x1300, "Vec::push"),
    ]
}

const MAIN: u64 = 0x1010;
const PARSE: u64 = 0x1110;
const PUSH: u64 = 0x1210;

#[test]
fn the_totals_are_equal_everywhere() {
    judge(|check| {
        let client = client(check)?;
        property(check, 40, &cases(12), |case| formats::totals_agree(&write(&client, case)?))
    });
}

#[test]
fn equal_stacks_are_added_up() {
    judge(|check| {
        report(
            check,
            10,
            functions(),
            [
                add([PUSH, PARSE, MAIN], 1, 100),
                add([PARSE, MAIN], 1, 10),
                add([PUSH, PARSE, MAIN], 2, 300),
                add([PUSH, MAIN], 1, 1),
                add([PARSE, MAIN], 4, 1000),
            ],
        )
    });
}

#[test]
fn stacks_are_compared_without_the_frames_that_are_left_out() {
    judge(|check| {
        report(
            check,
            10,
            functions(),
            [
                add_skipping([0x9010, PUSH, MAIN], 1, 1, 100),
                add_skipping([0x9020, 0x9010, PUSH, MAIN], 2, 1, 100),
                add_skipping([PUSH, MAIN], 0, 1, 100),
                add_skipping([PUSH, PUSH, MAIN], 2, 1, 7),
                add_skipping([MAIN], 0, 1, 70),
            ],
        )
    });
}

#[test]
fn stacks_come_largest_first_and_then_by_address() {
    judge(|check| {
        report(
            check,
            10,
            functions(),
            [
                // More blocks, or a longer stack, are not larger.
                add([MAIN], 900, 50),
                add([PUSH, PARSE, MAIN], 1, 60),
                add([PARSE, MAIN], 1, 70),
                add([PUSH, MAIN], 5, 50),
                add([PUSH], 3, 50),
                add([PARSE, PARSE], 4, 50),
            ],
        )
    });
}

#[test]
fn a_name_is_looked_up_one_byte_before_the_return_address() {
    judge(|check| {
        // A call that is the last of its function returns to where the next one begins.
        report(check, 10, functions(), [add([0x1300, 0x1200, 0x1100], 1, 10), add([0x1201, 0x10ff], 1, 5)])
    });
}

#[test]
fn text_shows_the_largest_stacks_and_sums_up_the_others() {
    judge(|check| {
        let adds = || {
            [
                add([PUSH, PARSE, MAIN], 3, 4096),
                add([PARSE, MAIN], 10, 1000),
                add([PUSH, MAIN], 7, 333),
                add([MAIN], 1, 11),
            ]
        };
        for limit in 0..=5 {
            report(check, limit, functions(), adds())?;
        }
        Ok(())
    });
}

#[test]
fn stacks_that_show_the_same_names_are_one_in_text_and_in_folded() {
    judge(|check| {
        // Two calls in one function; and two functions of one name.
        report(
            check,
            2,
            [
                function(0x1000, 0x1100, "main"),
                function(0x1100, 0x1200, "parse"),
                function(0x1200, 0x1300, "parse"),
            ],
            [
                add([0x1010, 0x1020], 1, 30),
                add([0x1110, 0x1010], 1, 20),
                add([0x1150, 0x1010], 1, 20),
                add([0x1250, 0x1080], 2, 5),
                add([0x1010], 1, 40),
            ],
        )
    });
}

#[test]
fn folded_lines_go_from_the_outermost_frame_inwards_in_byte_order() {
    judge(|check| {
        report(
            check,
            10,
            [
                function(0x1000, 0x1100, "a"),
                function(0x1100, 0x1200, "b"),
                function(0x1200, 0x1300, "Z"),
                // Its full stop comes before `;`.
                function(0x1300, 0x1400, "a.cold"),
            ],
            [
                add([0x1110, 0x1010], 1, 1),
                add([0x1010, 0x1110], 1, 22),
                add([0x1210, 0x1110, 0x1010], 1, 333),
                add([0x1010, 0x1210], 1, 4444),
                add([0x1010], 1, 55),
                add([0x1110, 0x1310], 1, 6),
            ],
        )
    });
}

#[test]
fn what_breaks_a_line_is_replaced_in_names() {
    judge(|check| {
        let names = ["a;b", "<[u8; 4] as T>::f", "two\nlines\r\n", "tab\t", "foo 12", "\u{1b}[31m\0"];
        for name in names {
            report(
                check,
                10,
                [
                    function(0x1000, 0x1100, "main"),
                    function(0x1100, 0x1200, name),
                    function(0x1200, 0x1300, "c"),
                ],
                [add([0x1210, 0x1110, 0x1010], 1, 10), add([0x1110], 2, 20)],
            )?;
        }
        Ok(())
    });
}

#[test]
fn a_function_without_a_name_is_its_address() {
    judge(|check| {
        report(
            check,
            10,
            [function(0x1000, 0x1100, "main"), function(0x1100, 0x1200, ""), function(0x1200, 0x1300, " ")],
            [add([0x00de_adbe, 0x1010], 1, 10), add([0x1110, 0x1010], 1, 7), add([0x1210, 0x1310], 1, 3)],
        )
    });
}

#[test]
fn the_order_of_additions_changes_no_byte() {
    judge(|check| {
        let client = client(check)?;
        property(check, 60, &cases(12), |case| {
            exactly(&client, case)?;
            let reversed: Vec<_> = case.rounds.iter().flatten().rev().cloned().collect();
            let together = Case { rounds: vec![case.rounds.concat()], ..case.clone() };
            let reversed = Case { rounds: vec![reversed], ..case.clone() };
            let one: Vec<Reported> = ask(&client, Job::Report(together), 1)?;
            let other: Vec<Reported> = ask(&client, Job::Report(reversed), 1)?;
            if one == other {
                Ok(())
            } else {
                Err(Fault::failed("The same additions backwards gave other reports."))
            }
        })
    });
}

#[test]
fn folded_stacks_become_a_flame_graph() {
    judge(|check| {
        let client = client(check)?;
        property(check, 60, &cases(12), |case| {
            let seen: Vec<Reported> = ask(&client, Job::Report(case.clone()), case.rounds.len())?;
            for (round, seen) in seen.iter().enumerate() {
                // What must be drawn: a box for all, and one for each beginning of a line.
                let adds: Vec<_> = case.rounds[..=round].iter().flatten().collect();
                let expected = super::laws::model::folded(&case.functions, &adds);
                let (total, boxes) = formats::flame_graph(&seen.folded)?;
                if (total, boxes) != formats::flame_graph(&expected)? {
                    return Err(Fault::failed(format!(
                        "inferno drew {boxes} boxes for {total} bytes from\n{}\nand other ones from\n{expected}",
                        seen.folded
                    )));
                }
            }
            Ok(())
        })
    });
}
