//! The thin binary: everything is in the library.

use std::process::ExitCode;

use grader::sandbox::{CONFINE, become_driver};

fn main() -> ExitCode {
    // First of all, since it has to be quick, and the process has to be as it began.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == CONFINE) {
        return match become_driver(&arguments.collect::<Vec<_>>()) {
            None => ExitCode::SUCCESS,
            Some(why) => {
                eprintln!("the sandbox could not be put up: {why}");
                ExitCode::FAILURE
            }
        };
    }
    grader::cli::main().into()
}
