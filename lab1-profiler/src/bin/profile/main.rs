//! `profile`: runs a program under the profiler, and reports.
//!
//! ```text
//!   options ─► command: what would run, and can it be profiled? ─► launch ─► left ─► profile ─► report
//!              preload: the library, built anew                               │         │
//!                                                                             │       names: addresses to functions
//!                                                                             └─► record: events to a trace
//! ```

mod command;
mod launch;
mod left;
mod names;
mod options;
mod preload;
mod profile;
mod record;
mod report;

use left::Left;
use options::{Options, Run};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

/// The exit code where the program could not be run: what shells use, and what `env` does.
const CANNOT_RUN: u8 = 126;
/// The exit code for a command line that says nothing that we know.
const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    match Options::parse(std::env::args_os().skip(1)) {
        Ok(Options::Run(run)) => run_profiled(&run).unwrap_or_else(|why| {
            eprintln!("profile: {why}");
            ExitCode::from(CANNOT_RUN)
        }),
        Ok(Options::Report { files, out }) => match report::of_files(&files, out.as_deref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("profile: {why}");
                ExitCode::FAILURE
            }
        },
        Ok(Options::Help) => {
            print!("{}", options::HELP);
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("profile: {why}\n\n{}", options::HELP);
            ExitCode::from(BAD_USAGE)
        }
    }
}

/// Runs a program, reports, and ends as it did.
fn run_profiled(run: &Run) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let program = command::find(&run.command)?;
    let library = if run.built_in {
        None
    } else {
        command::check(&program)?;
        Some(preload::library()?)
    };
    let kept;
    let folder: &Path = match &run.out {
        Some(folder) => folder,
        None => {
            kept = Path::new("target/profile").join(format!(
                "{}-{}",
                command::name(&program),
                std::process::id()
            ));
            &kept
        }
    };
    let began = SystemTime::now();
    let ended = launch::launch(run, &program, library.as_deref(), folder)?;
    if let Err(why) = tell(run, began, folder) {
        eprintln!("profile: {why}");
    }
    Ok(launch::end_like(ended))
}

/// Reports on what the program's processes left in `folder`, and makes a trace of it.
fn tell(run: &Run, began: SystemTime, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut left = Left::since(began, folder)?;
    let reported = report::of_run(&mut left, folder);
    if let Some(trace) = &run.record {
        match record::save(&mut left, trace) {
            Ok(said) => eprintln!("\n{said}"),
            Err(why) => eprintln!("profile: {why}"),
        }
    }
    Ok(reported?)
}
