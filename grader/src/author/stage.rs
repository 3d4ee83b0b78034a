//! `cargo grade author stage`: the reference laid out as a workspace of links, for an editor.
//!
//! Listed files lead to their marked solutions and everything else to the course's tree, so that what is
//! edited there is edited here.

use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{AuthorError, targets};
use crate::course::Course;

/// Lays the reference out at `dir`, which must not be there yet.
///
/// # Errors
///
/// Where `dir` is there, or a link cannot be made.
pub fn stage(course: &Course, dir: &Path) -> Result<(), AuthorError> {
    if dir.exists() {
        return Err(AuthorError::Taken { path: dir.to_owned() });
    }
    let root = course.root.canonicalize().map_err(AuthorError::at("read", &course.root))?;
    let solved: Vec<PathBuf> = targets(course, None)?
        .iter()
        .filter(|target| root.join(target.solution()).is_file())
        .map(|target| target.listed())
        .collect();
    link(&root, Path::new(""), dir, &solved)
}

/// Links the entries of one folder. Folders that hold a solved file are made, so that it can be another's.
fn link(root: &Path, within: &Path, dir: &Path, solved: &[PathBuf]) -> Result<(), AuthorError> {
    let here = dir.join(within);
    std::fs::create_dir_all(&here).map_err(AuthorError::at("make", &here))?;
    let from = root.join(within);
    let entries = std::fs::read_dir(&from).map_err(AuthorError::at("read", &from))?;
    for entry in entries {
        let entry = entry.map_err(AuthorError::at("read", &from))?;
        let within = within.join(entry.file_name());
        if entry.file_name() == OsStr::new("target") || entry.file_name() == OsStr::new(".git") {
            continue;
        }
        if solved.iter().any(|listed| *listed != within && listed.starts_with(&within)) {
            link(root, &within, dir, solved)?;
            continue;
        }
        let to = if solved.contains(&within) { root.join("solutions").join(&within) } else { entry.path() };
        let at = dir.join(&within);
        symlink(to, &at).map_err(AuthorError::at("link", &at))?;
    }
    Ok(())
}
