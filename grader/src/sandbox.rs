//! The walls around a driver: which ones this machine has, and the process that puts them up.
//!
//! A judge starts a driver as `LAUNCHER confine LAYERS DRIVER`. That process is a small binary, still
//! single-threaded: it gives up what a driver has no business with, layer by layer, and then becomes the
//! driver. Which layers there are is tried once a run, by a process that does the same and ends; so a driver
//! on which one of them fails does not start, rather than run with less than the report says.
//!
//! | layer | takes away |
//! | --- | --- |
//! | always | core dumps, files of its own, more than a few descriptors; its life when the judge's ends |
//! | `files` | Landlock: every file but system libraries, and signals and sockets beyond itself |
//! | `user` | root, where the grader is root: another user, no groups, no capabilities |
//! | `calls` | seccomp: new processes and programs, sockets, tracing, io_uring, new sessions |

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod confine;
#[cfg(target_os = "linux")]
mod files;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::launcher::launcher;
use crate::process::{Ended, Limits, run};

/// Bytes of address space that a driver has to start in.
const START: u64 = 512 << 20;

/// The first argument that makes this binary a launcher.
pub const CONFINE: &str = "confine";

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
        let launcher = self.launcher.as_ref()?.to_str()?;
        Some(format!("{launcher}\n{CONFINE}\n{}", self.names()))
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

/// Carries out a launcher's command line, `confine LAYERS [DRIVER]`: becomes the driver, or ends with this code. `None`
/// where the command line is no such one.
pub fn launch() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().filter(|first| first == CONFINE)?;
    Some(match become_driver(&arguments.collect::<Vec<_>>()) {
        None => ExitCode::SUCCESS,
        Some(why) => {
            eprintln!("the sandbox could not be put up: {why}");
            ExitCode::FAILURE
        }
    })
}

/// Becomes a driver behind walls: `confine LAYERS [DRIVER]`. Comes back only where something is missing, with
/// what to say of it; and with `None` where there was no driver to become.
fn become_driver(arguments: &[std::ffi::OsString]) -> Option<String> {
    let names = arguments.first().map(|names| names.to_string_lossy().into_owned()).unwrap_or_default();
    let named = |layer: &Layer| names.split(',').any(|name| name == layer.name());
    let layers: Vec<Layer> = Layer::ALL.into_iter().filter(named).collect();
    confined(&layers, arguments.get(1).map(Path::new)).err()
}

#[cfg(target_os = "linux")]
fn confined(layers: &[Layer], driver: Option<&Path>) -> Result<(), String> {
    confine::confine(layers, driver)
}

#[cfg(not(target_os = "linux"))]
fn confined(_: &[Layer], _: Option<&Path>) -> Result<(), String> {
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
