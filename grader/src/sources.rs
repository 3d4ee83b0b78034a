//! Where public checks stand in the course's tree.

use crate::course::{Assignment, Course};
use crate::rubric::{Exercise, Kind};

/// File and line of a public check, as in `ps1-allocators/tests/public/pool/property.rs:12`; `None` where the tree
/// has no such check.
pub fn find(
    course: &Course,
    assignment: &Assignment,
    exercise: &Exercise,
    kind: Kind,
    name: &str,
) -> Option<String> {
    let (tests, id) = (format!("{}/tests", assignment.folder), &exercise.id);
    if kind == Kind::Refuses {
        let file = format!("{tests}/refuses/{id}/{name}.rs");
        return course.root.join(&file).is_file().then(|| format!("{file}:1"));
    }
    let file = format!("{tests}/public/{id}/{kind}.rs");
    let text = std::fs::read_to_string(course.root.join(&file)).ok()?;
    let line = text.lines().position(|line| line.contains(&format!("fn {name}(")))?;
    Some(format!("{file}:{}", line + 1))
}
