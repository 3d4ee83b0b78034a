//! The stage: the course's pristine tree with a submission's listed files in it, to build drivers in.
//!
//! Each worker has a stage and target folders of its own, and a lock on them as long as it lives, so that
//! two graders at the same time never share one.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use crate::course::{Assignment, Course};
use crate::rubric::Exercise;
use crate::tree::{Tree, TreeError};
use crate::workspace::{Keep, Workspace, WorkspaceError};

/// More graders than this at once on one course are a mistake.
const MOST_WORKERS: usize = 64;

/// A worker's folder, locked.
#[derive(Debug)]
pub struct Worker {
    /// The folder.
    pub folder: PathBuf,
    // Held, not read: the lock goes with it.
    _lock: File,
}

/// The text of each exercise's listed file, by the assignment's folder and the exercise's id. What is not
/// in it is staged as its skeleton.
pub type Chosen = BTreeMap<(String, String), String>;

/// Why nothing could be staged.
#[derive(Debug, Error, Diagnostic)]
pub enum StageError {
    /// No worker is free, or none can be made.
    #[error("no worker's folder could be locked in {}", folder.display())]
    #[diagnostic(help(
        "end the other graders that run on this course, or check that the folder can be written"
    ))]
    NoWorker {
        /// Where they are.
        folder: PathBuf,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tree(#[from] TreeError),
    /// A manifest is unusable.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A skeleton is missing.
    #[error("the pristine skeleton {} is missing", path.display())]
    #[diagnostic(help(
        "authors: run `cargo grade author sync`; students: get the file from the course again"
    ))]
    NoSkeleton {
        /// Where it should be.
        path: PathBuf,
    },
}

impl Worker {
    /// Takes the first worker's folder under `work` that no other grader has.
    pub fn take(work: &Path) -> Result<Worker, StageError> {
        let none = || StageError::NoWorker { folder: work.to_owned() };
        std::fs::create_dir_all(work).map_err(|_| none())?;
        for n in 0..MOST_WORKERS {
            let name = work.join(format!("worker-{n}.lock"));
            let lock = OpenOptions::new().create(true).truncate(false).write(true).open(name);
            let lock = lock.map_err(|_| none())?;
            match lock.try_lock() {
                Ok(()) => return Ok(Worker { folder: work.join(format!("worker-{n}")), _lock: lock }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(_)) => return Err(none()),
            }
        }
        Err(none())
    }

    /// Where the stage stands.
    pub fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// Where its builds go; those for concurrency checks apart.
    pub fn target(&self, loom: bool) -> PathBuf {
        self.folder.join(if loom { "target-loom" } else { "target" })
    }
}

/// The tree that drivers are built in: every written assignment with what it stands on, without tests.
pub fn driver_tree(course: &Course, workspace: &Workspace, chosen: &Chosen) -> Result<Tree, StageError> {
    let written = written(course);
    let programs =
        written.iter().filter_map(|a| a.rubric.as_ref()).flat_map(|r| &r.programs).map(String::as_str);
    let folders: Vec<&str> = written.iter().map(|a| a.folder.as_str()).chain(programs).collect();
    let mut tree = crates(workspace, &folders, Keep::Sources)?;
    for assignment in written {
        lay_listed(&mut tree, course, assignment, |exercise| {
            chosen.get(&(assignment.folder.clone(), exercise.id.clone())).cloned()
        })?;
    }
    Ok(tree)
}

/// The tree that judges are built in: every written assignment, pristine, with tests. Hidden tests come
/// from `hidden`, for those assignments that it holds some of.
pub fn judge_tree(course: &Course, workspace: &Workspace, hidden: Option<&Path>) -> Result<Tree, StageError> {
    let written = written(course);
    let folders: Vec<&str> = written.iter().map(|a| a.folder.as_str()).collect();
    let mut tree = crates(workspace, &folders, Keep::Tests)?;
    for assignment in written {
        lay_listed(&mut tree, course, assignment, |_| None)?;
        let folder = Path::new(&assignment.folder);
        for tests in ["tests/hidden", "tests/refuses-hidden"] {
            let Some(from) = hidden.map(|h| h.join(folder).join(tests)).filter(|f| f.is_dir()) else {
                continue;
            };
            tree.remove_folder(&folder.join(tests));
            tree.copy_folder(&folder.join(tests), &from, |_| true)?;
        }
    }
    // Judges read recorded data of the course, such as traces, by a path from their own crate.
    for name in data_folders(&course.root) {
        tree.copy_folder(Path::new(&name), &course.root.join(&name), |_| true)?;
    }
    Ok(tree)
}

fn written(course: &Course) -> Vec<&Assignment> {
    course.assignments.iter().filter(|a| a.rubric.is_some()).collect()
}

/// The pristine skeleton of an exercise.
pub fn skeleton(course: &Course, assignment: &Assignment, exercise: &Exercise) -> Result<String, StageError> {
    let path = course.root.join(&assignment.folder).join("skeleton").join(format!("{}.rs", exercise.id));
    std::fs::read_to_string(&path).map_err(|_| StageError::NoSkeleton { path })
}

fn crates(workspace: &Workspace, folders: &[&str], keep: Keep) -> Result<Tree, StageError> {
    let members = workspace.closure(folders, keep)?;
    let mut tree = Tree::default();
    tree.put("Cargo.toml", workspace.root_manifest(&members));
    for name in ["Cargo.lock", "rust-toolchain.toml"] {
        tree.copy(name, &workspace.root.join(name));
    }
    for member in &members {
        let tests = keep == Keep::Tests && folders.contains(&member.as_str());
        let wanted = |name: &str| match name {
            "tests" => tests,
            "benches" | "examples" | "skeleton" => false,
            _ => true,
        };
        tree.copy_folder(Path::new(member), &workspace.root.join(member), wanted)?;
        let keep = if tests { Keep::Tests } else { Keep::Sources };
        tree.put(Path::new(member).join("Cargo.toml"), workspace.member_manifest(member, keep)?);
    }
    Ok(tree)
}

fn lay_listed(
    tree: &mut Tree,
    course: &Course,
    assignment: &Assignment,
    chosen: impl Fn(&Exercise) -> Option<String>,
) -> Result<(), StageError> {
    for exercise in assignment.rubric.iter().flat_map(|r| &r.exercises) {
        let text = match chosen(exercise) {
            Some(text) => text,
            None => skeleton(course, assignment, exercise)?,
        };
        tree.put(Path::new(&assignment.folder).join(&exercise.file), text);
    }
    Ok(())
}

// Folders of the workspace that are no crates and hold no answers.
fn data_folders(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|e| e.path().is_dir() && !e.path().join("Cargo.toml").exists())
        .filter_map(|e| e.file_name().into_string().ok())
        .filter(|n| {
            !n.starts_with('.') && !["target", "solutions", "book", "submissions"].contains(&n.as_str())
        })
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_workers_at_the_same_time_have_folders_of_their_own() {
        let temp = tempfile::tempdir().unwrap();
        let first = Worker::take(temp.path()).unwrap();
        let second = Worker::take(temp.path()).unwrap();
        assert_ne!(first.folder, second.folder);
        let folder = first.folder.clone();
        drop(first);
        assert_eq!(Worker::take(temp.path()).unwrap().folder, folder);
    }
}
