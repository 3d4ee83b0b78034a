//! Checks of kind `refuses`: a snippet that must not compile, for the reason that it is marked with, and a
//! twin that must.

use std::path::Path;
use std::time::Instant;

use crate::cargo::{Artifacts, CargoError, Complaint, Snippet, check_snippet};
use crate::run::Outcome;
use crate::verdict::Verdict;

/// An error that a snippet is marked with: `//~ E0382` at the end of its line, or words of an error that
/// has no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The line, from 1.
    pub line: usize,
    /// The code or the words.
    pub what: String,
}

/// What the snippets are compiled against.
#[derive(Clone, Copy, Debug)]
pub struct Library<'a> {
    /// What the driver's build left.
    pub artifacts: &'a Artifacts,
    /// The target folder of that build.
    pub target: &'a Path,
    /// The edition of the assignment.
    pub edition: &'a str,
    /// A folder for what the compiler writes.
    pub out: &'a Path,
}

/// Runs the check of a snippet and its twin.
pub fn check(refused: &Path, accepted: &Path, library: &Library) -> Outcome {
    let started = Instant::now();
    let outcome = try_check(refused, accepted, library)
        .unwrap_or_else(|e| Outcome::of(Verdict::GraderBroke, e.to_string()));
    Outcome { seconds: started.elapsed().as_secs_f64(), ..outcome }
}

fn try_check(refused: &Path, accepted: &Path, library: &Library) -> Result<Outcome, CargoError> {
    let compile = |file: &Path| {
        check_snippet(&Snippet {
            file,
            edition: library.edition,
            artifacts: library.artifacts,
            target: library.target,
            out: library.out,
        })
    };
    let Ok(text) = std::fs::read_to_string(refused) else {
        return Ok(Outcome::of(Verdict::GraderBroke, format!("{} cannot be read.", refused.display())));
    };
    let marks = marks(&text);
    if marks.is_empty() {
        let said = format!("{} marks no line with `//~`, so nothing is expected of it.", refused.display());
        return Ok(Outcome::of(Verdict::GraderBroke, said));
    }
    // The twin first: where honest code does not compile, a refusal means nothing.
    match compile(accepted)? {
        None => {
            return Ok(Outcome::of(Verdict::TimedOut, "The compiler did not come to an end in time.".into()));
        }
        Some(complaints) if !complaints.is_empty() => {
            let said: Vec<&str> = complaints.iter().map(|c| c.rendered.trim_end()).collect();
            return Ok(Outcome::of(
                Verdict::Failed,
                format!("Code that should compile does not:\n{}", said.join("\n\n")),
            ));
        }
        Some(_) => {}
    }
    let Some(complaints) = compile(refused)? else {
        return Ok(Outcome::of(Verdict::TimedOut, "The compiler did not come to an end in time.".into()));
    };
    Ok(match compare(&text, &marks, &complaints) {
        Ok(()) => Outcome::of(Verdict::Passed, String::new()),
        Err(said) => Outcome { program: Some(text), ..Outcome::of(Verdict::Failed, said) },
    })
}

/// The marks of a snippet.
pub fn marks(text: &str) -> Vec<Mark> {
    let marked =
        text.lines().enumerate().filter_map(|(i, line)| Some((i + 1, line.split_once("//~")?.1.trim())));
    marked
        .flat_map(|(line, whats)| {
            let codes: Vec<&str> = whats.split_whitespace().collect();
            let all = if codes.iter().all(|c| is_code(c)) { codes } else { vec![whats] };
            all.into_iter().map(move |what| Mark { line, what: what.to_owned() })
        })
        .collect()
}

/// Whether the compiler complained of what is marked and of nothing else; else what a student is told.
pub fn compare(text: &str, marks: &[Mark], complaints: &[Complaint]) -> Result<(), String> {
    let source =
        |line: usize| text.lines().nth(line - 1).unwrap_or("").split("//~").next().unwrap_or("").trim();
    let fits = |mark: &Mark, c: &Complaint| {
        let same = if is_code(&mark.what) {
            c.code.as_ref() == Some(&mark.what)
        } else {
            c.rendered.contains(&mark.what)
        };
        same && c.places.iter().any(|(_, line)| *line == mark.line)
    };
    for mark in marks {
        if !complaints.iter().any(|c| fits(mark, c)) {
            return Err(format!(
                "This line must not compile ({}), and the compiler takes it: `{}`.",
                mark.what,
                source(mark.line)
            ));
        }
    }
    match complaints.iter().find(|c| !marks.iter().any(|m| fits(m, c))) {
        Some(other) => Err(format!("It does not compile for another reason:\n{}", other.rendered.trim_end())),
        None => Ok(()),
    }
}

fn is_code(what: &str) -> bool {
    what.len() == 5 && what.starts_with('E') && what[1..].bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNIPPET: &str = "fn main() {\n    let a = b();\n    drop(a); drop(a); //~ E0382\n}\n";

    fn complaint(code: &str, line: usize) -> Complaint {
        Complaint {
            rendered: "error: it may not".into(),
            code: Some(code.into()),
            places: vec![("s.rs".into(), line)],
        }
    }

    #[test]
    fn marks_are_codes_or_words() {
        assert_eq!(marks(SNIPPET), [Mark { line: 3, what: "E0382".into() }]);
        assert_eq!(marks("a //~ E0382 E0499").len(), 2);
        assert_eq!(marks("a //~ lifetime may not live long enough").len(), 1);
    }

    #[test]
    fn only_the_marked_error_on_the_marked_line_passes() {
        let marks = marks(SNIPPET);
        let compare = |complaints: &[Complaint]| compare(SNIPPET, &marks, complaints);
        assert_eq!(compare(&[complaint("E0382", 3)]), Ok(()));
        assert!(compare(&[]).unwrap_err().contains("drop(a); drop(a);"));
        assert!(compare(&[complaint("E0382", 2)]).is_err());
        assert!(compare(&[complaint("E0599", 3)]).is_err());
        assert!(
            compare(&[complaint("E0382", 3), complaint("E0433", 1)]).unwrap_err().contains("another reason")
        );
    }
}
