//! The command line of authors, and what each command ends with.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{AuthorError, attacks, calibrate, check, handout, new, stage, sync, targets, to_mend};
use crate::course::Course;
use crate::sandbox::{Layer, Sandbox};

/// `cargo grade author …`
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Writes the skeletons from the marked solutions
    Sync {
        /// What to sync: nothing for all, `ps1` or `ps1/buddy`
        what: Option<String>,
        /// Writes nothing; fails where a skeleton is stale, and names the file to edit
        #[arg(long)]
        check: bool,
    },
    /// Grades the mutants, and shows what each loses
    Mutants {
        /// Whose: nothing for all, `ps1` or `ps1/buddy`
        what: Option<String>,
    },
    /// Tries the attacks, and shows what each comes to
    Attacks {
        /// Which: nothing for all, or a part of their place, as in `sandbox/` or `reader/a_pipe`
        what: Option<String>,
        /// Tries none; writes the table of them all, solutions/attacks/README.md
        #[arg(long, conflicts_with = "what")]
        table: bool,
        /// Simulates a machine that lacks one of the sandbox's walls
        #[arg(long, hide = true, value_enum, value_name = "WALL")]
        without_wall: Vec<Layer>,
    },
    /// Measures the references against the thresholds, and freezes their figures in the rubrics
    Calibrate {
        /// What to measure: nothing for all, `ps1` or `ps1/buddy`
        what: Option<String>,
        /// How often
        #[arg(long, default_value_t = 5)]
        runs: u32,
    },
    /// Lays the references out as a workspace of links, for an editor
    Stage {
        /// A folder that is not there yet
        dir: PathBuf,
    },
    /// Lays out the students' checkout: skeletons, and neither solutions nor hidden tests
    Handout {
        /// A folder that is not there yet
        dir: PathBuf,
    },
    /// Lays out a new exercise that compiles
    New {
        /// Where and what: `ps1-allocators/arena`
        name: String,
        /// A title to read
        title: String,
    },
    /// Proves skeletons, references, alternatives and mutants
    Check {
        /// What to prove: nothing for all, `ps1` or `ps1/buddy`
        what: Option<String>,
    },
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is in order.
    Fine,
    /// Something is to be mended; it was printed.
    ToMend,
}

/// Carries out an author's command in the course at or above `start`, and prints what it did.
///
/// # Errors
///
/// Where the command cannot go on.
pub fn run(start: &Path, command: &Command, out: &mut (dyn Write + Send)) -> Result<Outcome, AuthorError> {
    let course = Course::find(start)?;
    if !course.root.join("solutions").is_dir() {
        return Err(AuthorError::NoSolutions { root: course.root });
    }
    let printed = AuthorError::at("write", Path::new("standard output"));
    match command {
        Command::Sync { what, check } => {
            let mode = if *check { sync::Mode::Check } else { sync::Mode::Write };
            let synced = sync::sync(&targets(&course, what.as_deref())?, mode)?;
            sync::report(&synced, out).map_err(printed)?;
            Ok(Outcome::of(&synced.to_mend))
        }
        Command::Mutants { what } => {
            let list = check::mutants(&targets(&course, what.as_deref())?, out)?;
            to_mend(&list, out).map_err(printed)?;
            Ok(Outcome::of(&list))
        }
        Command::Attacks { what, table, without_wall } => {
            let list = if *table {
                attacks::write_table(&course)?
            } else {
                attacks::attacks(&course, what.as_deref(), &Sandbox::here(without_wall), out)?
            };
            to_mend(&list, out).map_err(printed)?;
            Ok(Outcome::of(&list))
        }
        Command::Calibrate { what, runs } => {
            let list = calibrate::calibrate(&targets(&course, what.as_deref())?, (*runs).max(1), out)?;
            to_mend(&list, out).map_err(printed)?;
            Ok(Outcome::of(&list))
        }
        Command::Stage { dir } => {
            stage::stage(&course, dir)?;
            writeln!(out, "laid out {}; open it in your editor", dir.display()).map_err(printed)?;
            Ok(Outcome::Fine)
        }
        Command::Handout { dir } => {
            handout::handout(&course, dir)?;
            writeln!(out, "laid out {}; next: `git init` there", dir.display()).map_err(printed)?;
            Ok(Outcome::Fine)
        }
        Command::New { name, title } => {
            for file in new::new(&course, name, title)? {
                writeln!(out, "wrote {}", file.display()).map_err(AuthorError::at("write", &file))?;
            }
            writeln!(out, "next: CONTRIBUTING.md, \"Add an exercise\", from step 2 on").map_err(printed)?;
            Ok(Outcome::Fine)
        }
        Command::Check { what } => {
            let list = check::check(&targets(&course, what.as_deref())?, out)?;
            to_mend(&list, out).map_err(printed)?;
            Ok(Outcome::of(&list))
        }
    }
}

impl Outcome {
    pub(super) fn of(to_mend: &[String]) -> Outcome {
        if to_mend.is_empty() { Outcome::Fine } else { Outcome::ToMend }
    }
}
