//! A program as source, for a student to paste.

use super::{Command, Program};

/// A command as the call that makes it.
pub fn spell(command: &Command) -> String {
    match command {
        Command::Allocate { id, size, align } => format!("allocate({id}, {size}, {align})"),
        Command::Reallocate { id, size } => format!("reallocate({id}, {size})"),
        Command::Deallocate { id } => format!("deallocate({id})"),
        Command::DeallocateAll => "Command::DeallocateAll".to_owned(),
        Command::DeallocateAt { offset, size, align } => format!("deallocate_at({offset}, {size}, {align})"),
        Command::Walk => "walk()".to_owned(),
        Command::Metadata => "Command::Metadata".to_owned(),
        Command::Shrink => "Command::Shrink".to_owned(),
        Command::DeallocateRemotely { id } => format!("deallocate_remotely({id})"),
        Command::Collect => "Command::Collect".to_owned(),
    }
}

/// The program as a test for the exercise's `yours.rs` among the public tests.
pub fn source(exercise: &str, program: &Program) -> String {
    let commands: String =
        program.commands.iter().map(|command| format!("                {},\n", spell(command))).collect();
    format!(
        "// paste into tests/public/{exercise}/yours.rs\n#[test]\nfn shortest_failing_program() {{\n    \
         judge(|check| {{\n        heap(check)?.follow(\n            {},\n            [\n{commands}            \
         ],\n        )?;\n        Ok(())\n    }});\n}}\n",
        program.region
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{allocate, deallocate};

    #[test]
    fn a_program_is_spelt_as_a_test_that_rustfmt_would_leave_alone() {
        let program = Program { region: 65536, seed: 1, commands: vec![allocate(0, 24, 8), deallocate(0)] };
        let expected = "// paste into tests/public/buddy/yours.rs
#[test]
fn shortest_failing_program() {
    judge(|check| {
        heap(check)?.follow(
            65536,
            [
                allocate(0, 24, 8),
                deallocate(0),
            ],
        )?;
        Ok(())
    });
}
";
        assert_eq!(source("buddy", &program), expected);
    }
}
