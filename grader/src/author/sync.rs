//! `cargo grade author sync`: writes each skeleton from its solution, or says which are stale.
//!
//! A skeleton stands twice: where the student edits it (`src/`) and pristine (`skeleton/`), for the judges'
//! tree, for what does not build, and for a student who starts over. An exercise whose solution is not
//! written yet keeps the skeleton that someone wrote by hand in `src/`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{AuthorError, Target, markers};
use crate::process::{Ended, Limits, run};
use crate::tree::write_atomically;

/// What `sync` found and did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Files that were written, within the course. Empty when only checking.
    pub written: Vec<PathBuf>,
    /// What there is to mend, as sentences that name the file to edit.
    pub to_mend: Vec<String>,
}

/// Whether to write skeletons or only to compare them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Write those that differ.
    Write,
    /// Report those that differ.
    Check,
}

/// Brings the skeletons of `targets` up to date, or reports those that are not.
///
/// # Errors
///
/// A broken marker, or a file that cannot be read or written.
pub fn sync(targets: &[Target], mode: Mode) -> Result<Synced, AuthorError> {
    let mut synced = Synced::default();
    for target in targets {
        one(target, mode, &mut synced)?;
    }
    Ok(synced)
}

fn one(target: &Target, mode: Mode, synced: &mut Synced) -> Result<(), AuthorError> {
    let solution = target.solution();
    let (skeleton, source) = match target.text(&solution)? {
        Some(text) => {
            let skeleton = markers::skeleton(&solution, &text)?;
            if skeleton == text {
                synced.to_mend.push(format!(
                    "{} has no `// SOLUTION` block, so that its skeleton would be the answer. Mark the answer.",
                    solution.display()
                ));
                return Ok(());
            }
            (skeleton, solution)
        }
        None => match target.text(&target.listed())? {
            Some(text) => (text, target.listed()),
            None => {
                synced.to_mend.push(format!(
                    "{} has neither a solution nor a skeleton. Write {}, or {} by hand.",
                    target.name(),
                    solution.display(),
                    target.listed().display()
                ));
                return Ok(());
            }
        },
    };
    for place in [target.listed(), target.skeleton()] {
        if target.text(&place)?.as_deref() == Some(&skeleton) {
            continue;
        }
        match mode {
            Mode::Write => {
                write_atomically(&target.course.root.join(&place), skeleton.as_bytes())?;
                synced.written.push(place);
            }
            Mode::Check => synced.to_mend.push(format!(
                "{} is not the skeleton of {}. Edit the latter and run `cargo grade author sync`.",
                place.display(),
                source.display()
            )),
        }
    }
    if !is_formatted(target)? {
        synced.to_mend.push(format!(
            "the skeleton {} is not as rustfmt leaves it (see `rustfmt --check --edition 2024 {0}`). Edit {}: \
             most often an indentation after `// STUB:`, or a blank line beside a block.",
            target.skeleton().display(),
            source.display()
        ));
    }
    Ok(())
}

fn is_formatted(target: &Target) -> Result<bool, AuthorError> {
    // A stale copy is reported as such; its layout says nothing of the solution's.
    let path = target.course.root.join(target.skeleton());
    if !path.is_file() {
        return Ok(true);
    }
    let mut command = std::process::Command::new("rustfmt");
    command.args(["--check", "--quiet", "--edition", "2024"]).arg(&path).current_dir(&target.course.root);
    let limits = Limits { wall: Duration::from_secs(60), output: 1 << 16, memory: None };
    let done =
        run(&mut command, &limits).map_err(|source| AuthorError::Tool { program: "rustfmt", source })?;
    Ok(done.ended == Ended::Exited(0))
}

/// Prints what was done, one line a file.
///
/// # Errors
///
/// Where `out` cannot be written.
pub fn report(synced: &Synced, out: &mut dyn Write) -> std::io::Result<()> {
    for path in &synced.written {
        writeln!(out, "wrote {}", path.display())?;
    }
    if synced.written.is_empty() && synced.to_mend.is_empty() {
        writeln!(out, "every skeleton is fresh")?;
    }
    super::to_mend(&synced.to_mend, out)
}

/// The exercise ids of solutions that no rubric lists: an answer that nobody would be given points for.
pub fn strays(course_root: &Path, targets: &[Target]) -> Vec<PathBuf> {
    let mut folders: Vec<&str> = targets.iter().map(|t| t.assignment.folder.as_str()).collect();
    folders.dedup();
    let mut strays = Vec::new();
    for folder in folders {
        let at: PathBuf = ["solutions", folder, "src"].iter().collect();
        for entry in std::fs::read_dir(course_root.join(&at)).into_iter().flatten().flatten() {
            let path = at.join(entry.file_name());
            if entry.path().is_file() && !targets.iter().any(|t| t.solution() == path) {
                strays.push(path);
            }
        }
    }
    strays.sort();
    strays
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::author::targets;
    use crate::course::Course;

    const SOLUTION: &str =
        "//! Doc.\n\npub fn f() -> u8 {\n    // SOLUTION\n    1\n    // STUB: todo!()\n    // END\n}\n";

    fn course() -> (tempfile::TempDir, Course) {
        let temp = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = temp.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "course.toml",
            "title='C'\nrounding=2\n[[group]]\nname='G'\npercent=100\nassignments=['a1']\n[extra_credit]\nmax=10\n",
        );
        write(
            "a1/rubric.toml",
            "id='a1'\ntitle='A'\n[[exercise]]\nid='x'\ntitle='X'\nfile='src/x.rs'\npoints=1\n\
             [[exercise]]\nid='y'\ntitle='Y'\nfile='src/y.rs'\npoints=1\n",
        );
        write("solutions/a1/src/x.rs", SOLUTION);
        write("a1/src/y.rs", "pub fn y() {}\n");
        let course = Course::load(temp.path()).unwrap();
        (temp, course)
    }

    #[test]
    fn skeletons_are_written_once_and_then_fresh() {
        let (temp, course) = course();
        let all = targets(&course, None).unwrap();
        let first = sync(&all, Mode::Write).unwrap();
        let written: Vec<_> = first.written.iter().map(|p| p.display().to_string()).collect();
        assert_eq!(written, ["a1/src/x.rs", "a1/skeleton/x.rs", "a1/skeleton/y.rs"]);
        let text = std::fs::read_to_string(temp.path().join("a1/src/x.rs")).unwrap();
        assert_eq!(text, "//! Doc.\n\npub fn f() -> u8 {\n    todo!()\n}\n");
        assert_eq!(sync(&all, Mode::Write).unwrap(), Synced::default());
        assert_eq!(sync(&all, Mode::Check).unwrap(), Synced::default());
    }

    #[test]
    fn a_stale_skeleton_is_told_with_the_file_to_edit() {
        let (temp, course) = course();
        let all = targets(&course, Some("a1/x")).unwrap();
        sync(&all, Mode::Write).unwrap();
        std::fs::write(temp.path().join("a1/src/x.rs"), "pub fn f() {}\n").unwrap();
        let stale = sync(&all, Mode::Check).unwrap();
        assert_eq!(
            stale.to_mend,
            [
                "a1/src/x.rs is not the skeleton of solutions/a1/src/x.rs. Edit the latter and run `cargo grade author sync`."
            ]
        );
        assert!(stale.written.is_empty());
    }

    #[test]
    fn an_unmarked_solution_is_never_handed_out() {
        let (temp, course) = course();
        std::fs::write(temp.path().join("solutions/a1/src/x.rs"), "pub fn f() -> u8 {\n    1\n}\n").unwrap();
        let synced = sync(&targets(&course, Some("a1/x")).unwrap(), Mode::Write).unwrap();
        assert!(synced.written.is_empty());
        assert!(synced.to_mend[0].contains("has no `// SOLUTION` block"));
    }

    #[test]
    fn a_skeleton_that_rustfmt_would_change_is_told() {
        let (temp, course) = course();
        let crooked = SOLUTION.replace("STUB: todo", "STUB:    todo");
        std::fs::write(temp.path().join("solutions/a1/src/x.rs"), crooked).unwrap();
        let synced = sync(&targets(&course, Some("a1/x")).unwrap(), Mode::Write).unwrap();
        assert!(synced.to_mend[0].contains("Edit solutions/a1/src/x.rs"), "{:?}", synced.to_mend);
    }
}
