//! Random programs.

use super::laws::{SLAB, exactly, heap};
use testkit::heap::{Choice, Command, Sizes, choices, deallocate_remotely, lower, walk};
use testkit::property::{CASES, property};
use testkit::{Fault, judge};

#[test]
fn random_programs_keep_every_law() {
    judge(|check| {
        heap(check)?;
        let sizes = Sizes { common: 1500, rare: 9000, align: 13 };
        property(check, CASES / 2, &choices(sizes, 60), |choices| {
            exactly(check, 5 * SLAB + 77, lower(choices, 9, false)).map(drop)
        })
    });
}

#[test]
fn random_programs_with_frees_from_afar_end_with_a_whole_page_source() {
    judge(|check| {
        let sizes = Sizes { common: 6000, rare: 9000, align: 12 };
        property(check, CASES / 2, &choices(sizes, 60), |choices| {
            let story = exactly(check, 4 * SLAB, from_afar(choices))?;
            match story.extents(story.replies.len() - 1).len() {
                4 => Ok(()),
                _ => Err(Fault::failed(
                    "With everything freed, collected and shrunk, the page source is not whole.",
                )),
            }
        })
    });
}

/// Every third free is another thread's; they are collected and the heap shrunk now and then, and at the end.
fn from_afar(choices: &[Choice]) -> Vec<Command> {
    let mut commands = Vec::new();
    for (place, command) in lower(choices, 0, true).into_iter().enumerate() {
        match command {
            Command::Deallocate { id } if id % 3 == 0 => commands.push(deallocate_remotely(id)),
            other => commands.push(other),
        }
        if place % 13 == 12 {
            commands.extend([Command::Collect, walk(), Command::Shrink, walk()]);
        }
    }
    commands.extend([Command::Collect, walk(), Command::Shrink, walk()]);
    commands
}
