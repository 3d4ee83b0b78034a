//! `cargo grade hint`: the next hint of an exercise, from its hand-out.
//!
//! Hints stand in the hand-out alone, as `<details>` whose summary begins with `Hint`. What is kept is how many of
//! an exercise's have been shown.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::course::{Assignment, Course};
use crate::grade::work_folder;
use crate::rubric::Exercise;
use crate::tree::{TreeError, write_atomically};

/// Why there is no hint.
#[derive(Debug, Error, Diagnostic)]
pub enum HintError {
    /// The hand-out cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    #[diagnostic(help("get the course's files again: a hand-out is the README.md of its folder"))]
    NoHandout {
        /// The hand-out.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The hand-out has no hints for it.
    #[error("{name} has no hints")]
    #[diagnostic(help("read its section in {}", path.display()))]
    None {
        /// The exercise.
        name: String,
        /// The hand-out.
        path: PathBuf,
    },
    /// The count cannot be kept.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Kept(#[from] TreeError),
}

/// The section of an exercise in a hand-out.
#[derive(Debug, PartialEq, Eq)]
struct Section<'a> {
    /// Its title, as it stands.
    heading: &'a str,
    /// Each hint's summary and text.
    hints: Vec<(&'a str, &'a str)>,
    /// The paragraph of sources.
    background: Option<&'a str>,
}

/// The next hint of `exercise`, to read; with `again`, from the first one on.
///
/// # Errors
///
/// Where the hand-out has none, or the count of those shown cannot be kept.
pub fn next(
    course: &Course,
    assignment: &Assignment,
    exercise: &Exercise,
    again: bool,
) -> Result<String, HintError> {
    let path = course.root.join(&assignment.folder).join("README.md");
    let text =
        std::fs::read_to_string(&path).map_err(|why| HintError::NoHandout { path: path.clone(), why })?;
    let name = format!("{}/{}", assignment.id(), exercise.id);
    let section = section(&text, &exercise.id).filter(|section| !section.hints.is_empty());
    let Some(Section { heading, hints, background }) = section else {
        return Err(HintError::None { name, path });
    };
    let kept = work_folder(course).join("hints").join(name.replace('/', "-"));
    let shown = std::fs::read_to_string(&kept).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let at = if again { 0 } else { shown };
    let Some((summary, hint)) = hints.get(at) else {
        let all = format!("All {} hints of {name} have been shown.", hints.len());
        return Ok(format!("{all} `cargo grade hint {name} --again` begins anew.\n"));
    };
    write_atomically(&kept, (at + 1).to_string().as_bytes())?;
    let (_, title) = summary.split_once(':').unwrap_or(("", ""));
    let colon = if title.is_empty() { "" } else { ":" };
    let mut out = format!("Hint {} of {}{colon}{title}\n\n{hint}\n", at + 1, hints.len());
    if let Some(background) = background {
        out.push_str(&match at {
            0 => format!("\nTo read on:\n\n{background}\n"),
            _ => {
                format!("\nTo read on: the background of \"{heading}\" in {}/README.md\n", assignment.folder)
            }
        });
    }
    if at + 1 < hints.len() {
        out.push_str(&format!("\nnext: `cargo grade hint {name}` once more, when you have tried that\n"));
    }
    Ok(out)
}

/// The section whose heading names `id` in backquotes and parentheses.
fn section<'a>(handout: &'a str, id: &str) -> Option<Section<'a>> {
    let mark = format!("(`{id}`)");
    let start = handout
        .match_indices("\n## ")
        .map(|(at, _)| at + 1)
        .find(|at| handout[*at..].lines().next().is_some_and(|heading| heading.contains(&mark)))?;
    let body = &handout[start..];
    let end = body.find("\n## ").unwrap_or(body.len());
    let body = &body[..end];
    let heading = body.lines().next().unwrap_or_default().trim_start_matches('#').trim();
    let hints = body.split("<details><summary>Hint").skip(1).filter_map(|rest| {
        let (summary, rest) = rest.split_once("</summary>")?;
        let (hint, _) = rest.split_once("</details>")?;
        Some((summary.trim(), hint.trim()))
    });
    let background =
        body.split("\n\n").map(str::trim).find(|paragraph| paragraph.starts_with("**Background.**"));
    Some(Section {
        heading,
        hints: hints.collect(),
        background: background.map(|p| p["**Background.**".len()..].trim()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDOUT: &str = "# Title\n\n## 1.1 Other (`other`)\n\n<details><summary>Hint 1</summary>\n\nNo.\n\n</details>\n\
        \n## 1.2 Pool (`pool`)\n\n**Background.** Kenwright\n2012.\n\n**Effort.** 6 h.\n\n\
        <details><summary>Hint 1: links</summary>\n\nA free slot\nholds a link.\n\n</details>\n\
        <details><summary>Hint 2</summary>\n\nTags.\n\n</details>\n\n## Later\n\n<details><summary>Hint 3</summary>x</details>";

    #[test]
    fn a_section_has_the_hints_below_its_own_heading() {
        let section = section(HANDOUT, "pool").unwrap();
        assert_eq!(section.heading, "1.2 Pool (`pool`)");
        assert_eq!(section.hints, [("1: links", "A free slot\nholds a link."), ("2", "Tags.")]);
        assert_eq!(section.background, Some("Kenwright\n2012."));
    }

    #[test]
    fn an_exercise_that_the_handout_does_not_name_has_none() {
        assert_eq!(section(HANDOUT, "slab"), None);
    }
}
