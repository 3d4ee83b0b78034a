//! Starting the program, and ending as it did.

use crate::options::Run;
use lab1_profiler::runtime::{Config, Place, VARIABLE};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

/// Why the program did not start; a sentence.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// There is no place for profiles.
    #[error("{} can't be made ({why}). Give another folder with --out.", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The loader would take the library's path for several.
    #[error("{} has a blank or a colon in its path, which the loader can't be told. Move the workspace.", .0.display())]
    Path(PathBuf),
    /// The system did not start it.
    #[error("{} can't be started: {why}.", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        why: io::Error,
    },
}

/// Runs the program to its end; each of its processes leaves a profile in `folder`.
///
/// # Errors
///
/// [`LaunchError`].
pub fn launch(
    run: &Run,
    program: &Path,
    library: Option<&Path>,
    folder: &Path,
) -> Result<ExitStatus, LaunchError> {
    let cannot_make = |why| LaunchError::Folder { folder: folder.to_owned(), why };
    std::fs::create_dir_all(folder).map_err(cannot_make)?;
    // Programs change their folder.
    let place = Place::Folder(folder.canonicalize().map_err(cannot_make)?);
    let config = Config { place, sample: run.sample, record: run.record.is_some() };
    let mut command = Command::new(program);
    command.arg0(&run.command[0]).args(&run.command[1..]).env(VARIABLE, config.text());
    if let Some(library) = library {
        if library.to_string_lossy().contains([' ', ':']) {
            return Err(LaunchError::Path(library.to_owned()));
        }
        let mut preload = OsString::from(library);
        if let Some(others) = std::env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
            preload.push(":");
            preload.push(others);
        }
        command.env("LD_PRELOAD", preload);
    }
    let start = |why| LaunchError::Start { program: program.to_owned(), why };
    let mut child = command.spawn().map_err(start)?;
    // A terminal sends these to both; the program decides, and we report.
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: ignoring a signal runs no code of ours.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    child.wait().map_err(start)
}

/// Ends this process in the way that the program ended.
pub fn end_like(ended: ExitStatus) -> ExitCode {
    if let Some(signal) = ended.signal() {
        // SAFETY: integers, and a valid limit; the default action of a signal that ended a process ends ours. A core
        // would be of the wrong process.
        unsafe {
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::setrlimit(libc::RLIMIT_CORE, &raw const none);
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
    ExitCode::from(ended.code().map_or(1, |code| code as u8))
}
