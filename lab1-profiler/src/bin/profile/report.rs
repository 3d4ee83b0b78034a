//! From profiles to reports.

use crate::names::Names;
use crate::options::Run;
use crate::text;
use lab1_profiler::profile::{Profile, ProfileError};
use lab1_profiler::report::{Aggregate, Weight};
use std::io;
use std::path::{Path, PathBuf};

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
        why: ProfileError,
    },
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
pub fn of_run(run: &Run, folder: &Path) -> Result<(), ReportError> {
    let unreadable = |why| ReportError::File { file: folder.to_owned(), why };
    let (mut files, mut failed) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("heap") => files.push(path),
            Some("failed") => failed.push(path),
            _ => {}
        }
    }
    files.sort();
    if let Some(first) = failed.first() {
        let code = first.file_stem().and_then(|stem| Path::new(stem).extension()?.to_str()?.parse().ok());
        let failed =
            ReportError::Failed { count: failed.len(), why: io::Error::from_raw_os_error(code.unwrap_or(0)) };
        if files.is_empty() {
            return Err(failed);
        }
        eprintln!("profile: {failed}");
    }
    if files.is_empty() {
        return Err(ReportError::Nothing(folder.to_owned()));
    }
    let _ = run;
    of_files(&files, Some(folder))
}

/// Reports on profiles.
///
/// # Errors
///
/// [`ReportError`].
pub fn of_files(files: &[PathBuf], out: Option<&Path>) -> Result<(), ReportError> {
    let mut profiles = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).map_err(|why| ReportError::File { file: file.clone(), why })?;
        let own = Profile::decode_all(&bytes);
        profiles.extend(own.map_err(|why| ReportError::Broken { file: file.clone(), why })?);
    }
    let mut names = Names::default();
    let (mut total, mut live) = (Aggregate::new(), Aggregate::new());
    for profile in &profiles {
        for site in &profile.sites {
            let stack = names.places(profile, site.epoch, &site.stack);
            for (aggregate, mass) in [(&mut total, site.total), (&mut live, site.live)] {
                if mass.0 > 0.0 {
                    aggregate.add(
                        &stack,
                        0,
                        Weight { blocks: mass.0.round() as u64, bytes: mass.1.round() as u64 },
                    );
                }
            }
        }
    }
    let mut page = String::new();
    // A string can be written to.
    let _ = text::write(&profiles, &total, &live, &names, &mut page);
    eprint!("{page}");
    if let Some(out) = out {
        let file = out.join("report.txt");
        std::fs::write(&file, &page).map_err(|why| ReportError::File { file, why })?;
    }
    Ok(())
}
