//! `cargo grade author handout`: the students' checkout, to be put under version control of its own.
//!
//! It is the course with every listed file as its skeleton, and without what would answer an exercise: solutions, hidden
//! tests and their names, and keys.

use std::path::Path;

use super::{AuthorError, targets};
use crate::course::{Assignment, Course};
use crate::rubric::Kind;
use crate::sources;
use crate::tree::Tree;

/// What instructors have in the course's folder beside `target` and dot files.
const INSTRUCTORS: [&str; 2] = ["solutions", "submissions"];
/// What they have in an assignment's.
const HIDDEN: [&str; 2] = ["tests/hidden", "tests/refuses-hidden"];
/// Dot files and folders that students need.
const DOTTED: [&str; 2] = [".cargo/config.toml", ".gitignore"];

/// Lays the students' checkout out at `dir`, which must not be there yet.
///
/// # Errors
///
/// Where `dir` is there, a skeleton is missing, or a file cannot be read or written.
pub fn handout(course: &Course, dir: &Path) -> Result<(), AuthorError> {
    if dir.exists() {
        return Err(AuthorError::Taken { path: dir.to_owned() });
    }
    let mut tree = Tree::default();
    let theirs = |name: &str| !INSTRUCTORS.contains(&name) && !name.ends_with(".key");
    tree.copy_folder(Path::new(""), &course.root, theirs)?;
    for name in DOTTED {
        tree.copy(name, &course.root.join(name));
    }
    for assignment in &course.assignments {
        let folder = Path::new(&assignment.folder);
        for tests in HIDDEN {
            tree.remove_folder(&folder.join(tests));
        }
        if assignment.rubric.is_some() {
            tree.put(folder.join("rubric.toml"), rubric(course, assignment)?);
        }
    }
    for target in targets(course, None)? {
        let skeleton = course.root.join(target.skeleton());
        let text = std::fs::read(&skeleton).map_err(AuthorError::at("read", &skeleton))?;
        tree.put(target.listed(), text);
    }
    Ok(tree.lay(dir)?)
}

/// An assignment's rubric, with numbers for the names of hidden checks: students know their titles alone.
fn rubric(course: &Course, assignment: &Assignment) -> Result<String, AuthorError> {
    let path = course.root.join(&assignment.folder).join("rubric.toml");
    let mut text = std::fs::read_to_string(&path).map_err(AuthorError::at("read", &path))?;
    let mut number = 0;
    for exercise in assignment.rubric.iter().flat_map(|rubric| &rubric.exercises) {
        for check in exercise.titles.keys().chain(&exercise.exact) {
            let Some((kind, name)) = check.split_once("::") else { continue };
            let public = Kind::from_name(kind)
                .is_some_and(|kind| sources::find(course, assignment, exercise, kind, name).is_some());
            if !public {
                number += 1;
                text = text.replace(&format!("\"{check}\""), &format!("\"{kind}::hidden-{number}\""));
            }
        }
    }
    Ok(text)
}
