//! The walls around a driver: which ones this machine has, and the process that puts them up.
//!
//! A judge starts a driver as `LAUNCHER confine LAYERS DRIVER`. That process is a small binary, still
//! single-threaded: it gives up what a driver has no business with, layer by layer, and then becomes the
//! driver. Which layers there are is tried once a run, by a process that does the same and ends; so a driver
//! on which one of them fails does not start, rather than run with less than the report says.
//!
//! A *program* of a program check, into which a student's library is preloaded, is started by
//! `LAUNCHER confine-program LAYERS FOLDER [NAME=VALUE…] -- PROGRAM [ARGUMENT…]`. It has the same walls, but that it may
//! fork and start other programs, reads and executes what is in the folder, and reads its own `/proc/PID`. Its
//! environment comes as arguments: in the launcher's own, the library would be loaded before there is a wall.
//!
//! | layer | takes away |
//! | --- | --- |
//! | always | core dumps, files of its own, more than a few descriptors and 1 GiB; its life when the judge's ends |
//! | `files` | Landlock: every file but system libraries, and signals and sockets beyond itself |
//! | `user` | root, where the grader is root: another user, no groups, no capabilities |
//! | `calls` | seccomp: new processes and programs, sockets, tracing, io_uring, new sessions |

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod confine;
#[cfg(target_os = "linux")]
mod files;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::launcher::launcher;
use crate::process::{Ended, Limits, run};

/// Where the driver's binary waits to be executed: a number that no driver can open or copy to, so that the one
/// call that seccomp lets through is of no use to it.
#[cfg(target_os = "linux")]
const BINARY: libc::c_int = 1000;

/// Bytes of address space that a driver has to start in.
const START: u64 = 512 << 20;

/// The first argument that makes this binary a launcher: of drivers, or of programs.
const CONFINE: &str = "confine";
const CONFINE_PROGRAM: &str = "confine-program";

/// One wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Layer {
    /// Landlock.
    Files,
    /// Another user than root.
    User,
    /// Seccomp.
    Calls,
}

impl Layer {
    /// All there may be, in the order in which they are put up.
    pub const ALL: [Layer; 3] = [Layer::Files, Layer::User, Layer::Calls];

    const fn name(self) -> &'static str {
        match self {
            Layer::User => "user",
            Layer::Files => "files",
            Layer::Calls => "calls",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Layer::User => "its own user",
            Layer::Files => "Landlock",
            Layer::Calls => "seccomp",
        }
    }
}

/// The walls that a run has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// Those that this machine has, in order.
    pub layers: Vec<Layer>,
    /// The binary that puts them up, where there are any.
    pub launcher: Option<PathBuf>,
}

impl Sandbox {
    /// Tries what this machine has, with this build's launcher.
    pub fn here(without: &[Layer]) -> Sandbox {
        launcher().map_or_else(|_| Sandbox::default(), |binary| Sandbox::probe(&binary, without))
    }

    /// Tries what this machine has. `without` simulates a machine that lacks some of it.
    pub fn probe(launcher: &Path, without: &[Layer]) -> Sandbox {
        let wanted = Layer::ALL.into_iter().filter(|layer| !without.contains(layer) && wanted(*layer));
        let layers: Vec<Layer> = wanted.filter(|layer| try_alone(launcher, *layer)).collect();
        let launcher = (!layers.is_empty()).then(|| launcher.to_owned());
        Sandbox { layers, launcher }
    }

    /// Whether files and calls are walled off: what `--require-sandbox` asks for.
    pub fn is_whole(&self) -> bool {
        [Layer::Files, Layer::Calls].iter().all(|layer| self.layers.contains(layer))
    }

    /// Whether `driver` starts in half of the memory that a judge gives it. One that nobody asks anything ends at
    /// once, with an error; one whose statics fill its memory is ended by the system, and no judge could tell that
    /// from a fault of ours.
    pub fn starts(&self, driver: &Path) -> std::io::Result<bool> {
        let limits = Limits { wall: Duration::from_secs(10), output: 1 << 12, memory: Some(START) };
        let mut command = match &self.launcher {
            Some(launcher) => Command::new(launcher),
            None => Command::new(driver),
        };
        if self.launcher.is_some() {
            command.arg(CONFINE).arg(self.names()).arg(driver);
        }
        let done = run(&mut command, &limits)?;
        Ok(matches!(done.ended, Ended::Exited(code) if code != 0))
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.layers.iter().map(|layer| layer.name()).collect();
        names.join(",")
    }

    /// What a judge is told to start drivers with: a binary and its arguments, each in a line of its own.
    pub fn words(&self) -> Option<String> {
        self.words_of(CONFINE)
    }

    /// The same for programs.
    pub fn program_words(&self) -> Option<String> {
        self.words_of(CONFINE_PROGRAM)
    }

    fn words_of(&self, verb: &str) -> Option<String> {
        let launcher = self.launcher.as_ref()?.to_str()?;
        Some(format!("{launcher}\n{verb}\n{}", self.names()))
    }
}

/// The level reached, as reports show it.
impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles: Vec<&str> = self.layers.iter().map(|layer| layer.title()).collect();
        match (self.layers.is_empty(), self.is_whole()) {
            (true, _) => f.write_str("unsandboxed"),
            (false, true) => f.write_str(&titles.join(", ")),
            (false, false) => write!(f, "in part: {}", titles.join(", ")),
        }
    }
}

/// Whether a layer makes sense for this user.
fn wanted(layer: Layer) -> bool {
    // SAFETY: takes nothing and can't fail.
    layer != Layer::User || unsafe { libc::geteuid() } == 0
}

/// Whether a process that puts up one layer comes to its end.
fn try_alone(launcher: &Path, layer: Layer) -> bool {
    let limits = Limits { wall: Duration::from_secs(5), output: 1 << 12, memory: None };
    let done = run(Command::new(launcher).args([CONFINE, layer.name()]), &limits);
    done.is_ok_and(|done| done.ended == Ended::Exited(0))
}

/// What a launcher becomes.
#[derive(Debug)]
pub enum Inmate {
    /// Nothing: the walls are only tried.
    Nobody,
    /// A driver.
    Driver(PathBuf),
    /// A program.
    Program {
        /// What it may read and execute.
        folder: PathBuf,
        /// Its environment, each `NAME=VALUE`.
        variables: Vec<OsString>,
        /// Its path and its arguments.
        command: Vec<OsString>,
    },
}

/// Carries out a launcher's command line: becomes what it says, or ends with this code. `None` where the command line
/// is no such one.
pub fn launch() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let verb = arguments.next()?;
    let layers = arguments.next().unwrap_or_default();
    let inmate = if verb == CONFINE {
        arguments.next().map_or(Inmate::Nobody, |driver| Inmate::Driver(driver.into()))
    } else if verb == CONFINE_PROGRAM {
        let folder = arguments.next().unwrap_or_default().into();
        let variables = arguments.by_ref().take_while(|word| word != "--").collect();
        Inmate::Program { folder, variables, command: arguments.collect() }
    } else {
        return None;
    };
    let layers = layers.to_string_lossy();
    let named = |layer: &Layer| layers.split(',').any(|name| name == layer.name());
    let layers: Vec<Layer> = Layer::ALL.into_iter().filter(named).collect();
    Some(match confined(&layers, &inmate) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("the sandbox could not be put up: {why}");
            ExitCode::FAILURE
        }
    })
}

#[cfg(target_os = "linux")]
fn confined(layers: &[Layer], inmate: &Inmate) -> Result<(), String> {
    confine::confine(layers, inmate)
}

#[cfg(not(target_os = "linux"))]
fn confined(_: &[Layer], _: &Inmate) -> Result<(), String> {
    Err("there is no sandbox for this system".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_told_as_what_it_is() {
        let level = |layers: &[Layer]| Sandbox { layers: layers.to_vec(), launcher: None }.to_string();
        assert_eq!(level(&[]), "unsandboxed");
        assert_eq!(level(&[Layer::Calls]), "in part: seccomp");
        assert_eq!(level(&[Layer::User, Layer::Calls]), "in part: its own user, seccomp");
        assert_eq!(level(&Layer::ALL), "Landlock, its own user, seccomp");
    }
}
