//! Single behaviours that are easy to miss.

use super::laws::{add, add_skipping, ask, client, exactly, formats, function, report, write};
use crate::protocol::report::{Case, Failed, Job, Written};
use testkit::{Fault, judge};

#[test]
fn hostile_names_survive_in_every_format() {
    judge(|check| {
        let long = "long::".repeat(1667);
        let names = [
            "a;b c 12",
            "two\nlines\r\n",
            "</script><img src=x onerror=alert(1)>&amp;",
            "\"quoted\\\" 'twice'\\",
            "\0 and \u{1b}[31m",
            "\u{202e}txt.exe \u{5e9}\u{5dc}",
            "\u{2028}\u{2029}\u{a0}\u{85}",
            "]]> --> {0}",
            " ",
            "9",
            "🦀",
            "[unknown]",
            "not shown: 1 bytes in 1 blocks from 1 stacks",
            "0x1010",
            &long,
        ];
        let at = |n: usize| 0x10000 + 0x100 * n as u64;
        let functions = names.iter().enumerate().map(|(n, name)| function(at(n), at(n + 1), name)).collect();
        let all: [u64; 15] = std::array::from_fn(|n| at(n) + 1);
        let mut adds = vec![add(all, 1, 1)];
        for n in 0..names.len() {
            // Each innermost and outermost, and alone.
            adds.extend([
                add([at(n) + 8, at(0) + 8], 2, 100),
                add([at(0) + 8, at(n) + 9], 3, 50),
                add([at(n) + 4], 1, 9),
            ]);
        }
        let case = Case { functions, rounds: vec![adds], limit: 100 };
        let client = client(check)?;
        exactly(&client, &case)?;
        let written = write(&client, &case)?;
        formats::totals_agree(&written)?;
        let Written { dhat, html, pprof, .. } = written;
        let (_, dhat) = formats::dhat(&dhat)?;
        let (_, pprof) = formats::pprof(&pprof)?;
        let (_, _, page) = formats::html(&html)?;
        for name in names {
            let plain = !name.contains(char::is_control);
            if !dhat.iter().any(|other| other == name)
                || !pprof.iter().any(|other| other == name)
                || (plain && !page.contains(name))
            {
                return Err(Fault::failed(format!(
                    "The function {:?} is missing from a file that is written from `stacks`.",
                    &name[..name.len().min(60)]
                )));
            }
        }
        Ok(())
    });
}

#[test]
fn a_stack_of_which_nothing_is_left_is_unknown() {
    judge(|check| {
        report(
            check,
            10,
            [function(0x1000, 0x1100, "main"), function(0x1100, 0x1200, "[unknown]")],
            [
                add([], 1, 10),
                add_skipping([0x1010], 1, 2, 20),
                add_skipping([0x1010, 0x1110], 9, 3, 30),
                add_skipping([0x1010, 0x1110], u64::MAX, 4, 40),
                add_skipping([], 5, 5, 50),
                // Another stack of the same name.
                add([0x1110], 6, 60),
                add([0x1010], 1, 5),
            ],
        )
    });
}

#[test]
fn the_first_and_the_last_address_are_frames_too() {
    judge(|check| {
        report(
            check,
            10,
            [
                // The byte before address 0 is looked up at 0, not at 1.
                function(0, 1, "first"),
                function(1, 0x10, "beside"),
                function(0x10, 0x20, "second"),
                function(u64::MAX - 0x10, u64::MAX, "last"),
            ],
            [
                add([0], 1, 1),
                add([0x10, 1], 1, 20),
                add([u64::MAX, 0x11], 1, 300),
                add([u64::MAX - 0x10], 1, 4000),
            ],
        )
    });
}

#[test]
fn nothing_and_blocks_of_no_bytes_are_reported_too() {
    judge(|check| {
        for limit in [0, 1, 9] {
            let functions = || [function(0x1000, 0x1100, "main"), function(0x1100, 0x1200, "parse")];
            report(check, limit, functions(), [])?;
            report(
                check,
                limit,
                functions(),
                [add([0x1010], 3, 0), add([0x1110, 0x1010], 0, 0), add([], 0, 0)],
            )?;
            report(check, limit, functions(), [add([0x1010], 3, 0), add([0x1110, 0x1010], 1, 1)])?;
        }
        Ok(())
    });
}

#[test]
fn figures_beyond_32_bits_are_exact() {
    judge(|check| {
        let adds = [
            add([0x1010], 5 << 32, 7 << 40),
            add([0x1110], 1, (1 << 60) + 1),
            add([0x1010], 1 << 33, 3 << 33),
            add([0x1110, 0x1010], 9, (1 << 60) + 2),
        ];
        report(check, 2, [function(0x1000, 0x1100, "main"), function(0x1100, 0x1200, "parse")], adds)
    });
}

#[test]
fn reports_may_be_asked_for_between_additions() {
    judge(|check| {
        let round = |bytes| {
            vec![add([0x1110, 0x1010], 1, bytes), add_skipping([0x9000, 0x1010], 1, 1, 10), add([], 1, 7)]
        };
        let functions = vec![function(0x1000, 0x1100, "main"), function(0x1100, 0x1200, "parse")];
        let rounds = vec![vec![], round(5), round(6), vec![], round(1000)];
        exactly(&client(check)?, &Case { functions, rounds, limit: 2 })
    });
}

#[test]
fn an_error_of_the_writer_comes_back() {
    judge(|check| {
        let functions = vec![function(0x1000, 0x1100, "main"), function(0x1100, 0x1200, "parse")];
        let rounds = vec![vec![add([0x1110, 0x1010], 3, 4096), add([0x1010], 2, 100), add([0x1110], 2, 50)]];
        let case = Case { functions, rounds, limit: 2 };
        let client = client(check)?;
        let expected = Failed { text: true, folded: true };
        for room in [0, 1, 10, 30, 33] {
            let seen = ask::<Failed>(&client, Job::Fail(case.clone(), room), 1)?;
            if seen != [expected] {
                return Err(Fault::failed(format!(
                    "To a writer that fails after {room} bytes, told was {seen:?}; expected {expected:?}: both have \
                     more to write."
                )));
            }
        }
        // Where there is room for all, nothing fails.
        let seen = ask::<Failed>(&client, Job::Fail(case, 4096), 1)?;
        if seen == [Failed { text: false, folded: false }] {
            Ok(())
        } else {
            Err(Fault::failed("An error that the writer never gave was told."))
        }
    });
}
