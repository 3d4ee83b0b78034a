//! `cargo grade watch`: grades again what a saved file touches, and stops at the first check that fails.
//!
//! It looks at the listed files a few times a second: they are few, and a look costs less than what tells of
//! changes does on some file systems.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::course::Course;
use crate::scope::Scope;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(150);

/// A listed file of the workspace's own, and the exercise that it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Watched {
    /// As in `ps1/buddy`.
    exercise: String,
    path: PathBuf,
    /// When it was saved and how long it is; `None` while it is not there.
    state: Option<(SystemTime, u64)>,
}

impl Watched {
    fn look(&self) -> Option<(SystemTime, u64)> {
        let known = std::fs::metadata(&self.path).ok()?;
        Some((known.modified().ok()?, known.len()))
    }
}

/// The files of all that `scope` asks for and that has checks.
fn files(course: &Course, scope: &Scope) -> Vec<Watched> {
    let mut files = Vec::new();
    for assignment in scope.assignments(course) {
        for exercise in assignment.rubric.iter().flat_map(|rubric| &rubric.exercises) {
            if exercise.published && scope.has(assignment, exercise) {
                files.push(Watched {
                    exercise: format!("{}/{}", assignment.id(), exercise.id),
                    path: course.root.join(&assignment.folder).join(&exercise.file),
                    state: None,
                });
            }
        }
    }
    files
}

/// The exercises whose files have changed since the last look, once a look finds them at rest.
fn changed(files: &mut [Watched]) -> Vec<String> {
    let looks: Vec<_> = files.iter().map(Watched::look).collect();
    let moved = files.iter().zip(&looks).filter(|(file, look)| file.state != **look);
    let moved: Vec<String> = moved.map(|(file, _)| file.exercise.clone()).collect();
    if moved.is_empty() {
        return moved;
    }
    // An editor may write a file in several steps.
    std::thread::sleep(PAUSE);
    if files.iter().map(Watched::look).ne(looks.iter().copied()) {
        return Vec::new();
    }
    for (file, look) in files.iter_mut().zip(looks) {
        file.state = look;
    }
    moved
}

/// Grades all of `scope` that is begun, and then again and again what was saved, until the process is ended.
/// `grade` grades what it is told and gives the text to show.
///
/// Comes back only where there is nothing to watch, with what to say of it.
pub fn watch(course: &Course, scope: &Scope, mut grade: impl FnMut(&[String]) -> String) -> String {
    let mut files = files(course, scope);
    if files.is_empty() {
        return "none of it has checks yet, so there is nothing to watch".to_owned();
    }
    let terminal = std::io::stdout().is_terminal();
    loop {
        let saved = changed(&mut files);
        if saved.is_empty() {
            std::thread::sleep(PAUSE);
            continue;
        }
        let text = grade(&saved);
        let mut out = std::io::stdout();
        // A reader that is gone ends the watch with its first line.
        let shown = out.write_all(if terminal { b"\x1b[2J\x1b[3J\x1b[H" } else { b"" }).and_then(|()| {
            writeln!(out, "{text}\nwatching {}; end with Ctrl-C", count(files.len()))?;
            out.flush()
        });
        if shown.is_err() {
            return String::new();
        }
    }
}

fn count(files: usize) -> String {
    if files == 1 { "one file".to_owned() } else { format!("{files} files") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_file_is_told_once_and_one_that_comes_or_goes_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let file =
            |name: &str| Watched { exercise: name.to_owned(), path: folder.path().join(name), state: None };
        let mut files = [file("a"), file("b")];
        std::fs::write(folder.path().join("a"), "1").unwrap();
        assert_eq!(changed(&mut files), ["a"]);
        assert_eq!(changed(&mut files), [""; 0]);
        std::fs::write(folder.path().join("b"), "2").unwrap();
        std::fs::write(folder.path().join("a"), "12").unwrap();
        assert_eq!(changed(&mut files), ["a", "b"]);
        std::fs::remove_file(folder.path().join("b")).unwrap();
        assert_eq!(changed(&mut files), ["b"]);
        assert_eq!(changed(&mut files), [""; 0]);
    }
}
