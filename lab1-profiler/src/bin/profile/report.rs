//! From profiles to reports.

use crate::left::Left;
use crate::names::Names;
use crate::profile;
use lab1_profiler::dump::{Dump, DumpError};
use lab1_profiler::reports::{self, SaveError};
use lab1_profiler::summary;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Stacks that the report for a terminal shows.
const STACKS: usize = 10;

/// Why there is no report; a sentence.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file can't be read or written.
    #[error("{}: {why}.", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// A file is no profile.
    #[error("{} {why}.", file.display())]
    Broken {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: DumpError,
    },
    /// The answer to the exercise on reports broke.
    #[error(
        "src/report.rs broke, so there is no report: {0}. What the program did is kept; \
             when the file is mended, `profile report FILE…` reports on it."
    )]
    Answer(String),
    /// A report can't be saved.
    #[error("{0}. Make room, or give another folder with --out.")]
    Save(#[from] SaveError),
    /// No process left a profile.
    #[error("No process left a profile in {}. Programs that clear their environment, or that the loader does not \
             trust, are not profiled.", .0.display())]
    Nothing(PathBuf),
    /// Processes could not write theirs.
    #[error(
        "{count} profiles could not be written: {why}. The program was not affected. Make room, or give another \
             folder with --out."
    )]
    Failed {
        /// How many.
        count: usize,
        /// What the system said.
        why: io::Error,
    },
}

/// Reports on what a run left in `folder`.
///
/// # Errors
///
/// [`ReportError`].
pub fn of_run(left: &mut Left, folder: &Path) -> Result<(), ReportError> {
    let count = left.failed.len();
    if let Some(why) = left.failed.pop() {
        let failed = ReportError::Failed { count, why };
        if left.profiles.is_empty() {
            return Err(failed);
        }
        eprintln!("profile: {failed}");
    }
    if left.profiles.is_empty() {
        return Err(ReportError::Nothing(folder.to_owned()));
    }
    of_files(&left.profiles, Some(folder))
}

/// Reports on profiles.
///
/// # Errors
///
/// [`ReportError`].
pub fn of_files(files: &[PathBuf], out: Option<&Path>) -> Result<(), ReportError> {
    let mut dumps = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).map_err(|why| ReportError::File { file: file.clone(), why })?;
        let own = Dump::decode_all(&bytes);
        dumps.extend(own.map_err(|why| ReportError::Broken { file: file.clone(), why })?);
    }
    for dump in &dumps {
        for (part, said) in &dump.broken {
            eprintln!(
                "The profiler's part `{part}` broke in process {}, and its figures are missing: {said}",
                dump.process
            );
        }
    }
    if dumps.iter().any(without_frames) {
        eprintln!(
            "Most of what the program allocated can't be told by call stack: it keeps no frame pointers. Build it with \
             RUSTFLAGS=-Cforce-frame-pointers=yes."
        );
    }
    // Aggregates are the student's. Whatever they do, the program has run, and its exit code is its own.
    std::panic::set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(|| write(&dumps, out)));
    let _ = std::panic::take_hook();
    result.unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Err(ReportError::Answer(text.unwrap_or("it panicked").to_owned()))
    })
}

/// Whether a program that has the profiler in it mostly hides who called it.
fn without_frames(dump: &Dump) -> bool {
    let bytes = |least: usize| -> f64 {
        dump.sites.iter().filter(|site| site.stack.len() >= least).map(|site| site.total.1).sum()
    };
    dump.built_in && 2.0 * bytes(2) < bytes(0)
}

/// Writes the report for a terminal, and the files in `out`.
fn write(dumps: &[Dump], out: Option<&Path>) -> Result<(), ReportError> {
    let mut names = Names::default();
    let profile = profile::of(dumps, &mut names);
    let mut page = String::new();
    // A string can be written to.
    let _ = summary::write(&profile, &names, STACKS, &mut page);
    eprint!("{page}");
    if let Some(out) = out {
        let saved = reports::save(&profile, &names, out)?;
        eprintln!("\nReports:");
        for file in saved {
            eprintln!("  {}", file.display());
        }
    }
    Ok(())
}
