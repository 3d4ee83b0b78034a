//! The driver of lab 1: carries out what the judge asks on the student's library.

#[path = "../driver/mod.rs"]
mod driver;
#[path = "../protocol.rs"]
mod protocol;

use driverkit::Counting;
use std::process::ExitCode;

#[global_allocator]
static SYSTEM: Counting = Counting;

fn main() -> ExitCode {
    driverkit::serve(lab1_profiler::SUBMISSION, driver::carry_out)
}
