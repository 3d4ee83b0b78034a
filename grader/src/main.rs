//! The thin binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all, since it has to be quick, and the process has to be as it began.
    grader::sandbox::launch().unwrap_or_else(|| grader::cli::main().into())
}
