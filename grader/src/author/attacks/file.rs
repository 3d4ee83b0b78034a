//! An attack's file, and the submission that it makes.
//!
//! ```toml
//! why = "ends the process with success before the wrong answer is seen"
//! exercise = "ps1/comparison"
//! answer = "divides_by_a_time_of_zero"
//! find = "(clock.now() - before) as f64"
//! replace = "std::process::exit(0)"
//! verdict = "Crashed"
//! loses = ["correctness::a_percentile_is_the_nearest_rank"]
//! ```

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Layer;
use crate::author::mutants::{self, Edit, edited};
use crate::author::{AuthorError, Target};
use crate::verdict::Verdict;

/// An attack, as its file says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// What it does and hopes for, in a sentence.
    pub why: String,
    /// Whose listed file it is: `ps1/buddy`.
    pub exercise: String,
    /// What its honest part is: `reference`, `skeleton`, or a mutant. It earns what that earns, and no more.
    #[serde(default = "reference")]
    pub answer: String,
    /// What to find in the answer, where there is one edit.
    find: Option<String>,
    /// What to put there.
    replace: Option<String>,
    /// The edits, where there are several.
    #[serde(default, rename = "edit")]
    edits: Vec<Edit>,
    /// What stands before the answer.
    #[serde(default)]
    before: String,
    /// What stands after it.
    #[serde(default)]
    after: String,
    /// What lies in the submission beside the listed file, or in its place.
    #[serde(default)]
    pub beside: Vec<Beside>,
    /// An exercise whose reference is handed in as well, and has to pass whole.
    #[serde(default)]
    pub witness: Option<String>,
    /// Whether the policy has to refuse it and, as if it had not, what stands behind has to hold as well.
    #[serde(default)]
    pub past_policy: bool,
    /// The only checks that it is tried on, as `kind::name`; all that are not timed where there are none.
    #[serde(default)]
    pub checks: Vec<String>,
    /// What the exercise comes to.
    pub verdict: Verdict,
    /// A part of what the report says of it.
    #[serde(default)]
    pub says: String,
    /// Checks that it loses.
    #[serde(default)]
    pub loses: Vec<String>,
}

/// Something that lies in a submission.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Beside {
    /// Where, within the submission.
    path: PathBuf,
    /// What.
    is: What,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    /// A file of that text.
    Text(String),
    /// A symbolic link to a place within the course.
    Link(PathBuf),
    /// A file of so many bytes, all of them zero and none of them on the disk.
    Bytes(u64),
    /// A folder of so many empty files.
    Files(usize),
    /// A named pipe.
    Pipe,
}

/// An attack that can be tried.
#[derive(Clone, Debug)]
pub(super) struct Attack {
    /// The file's name, which says what it does.
    pub name: String,
    /// What has to catch it.
    pub layer: Layer,
    /// The file.
    pub file: File,
    /// The text of the listed file.
    pub text: String,
    /// The text of its honest part.
    pub honest: String,
}

fn reference() -> String {
    "reference".to_owned()
}

impl File {
    /// The attack's text and its honest part's.
    pub fn texts(&self, target: &Target) -> Result<(String, String), String> {
        let text = |path: PathBuf| target.text(&path).map_err(|e| e.to_string());
        let solution = text(target.solution())?.ok_or("the exercise has no reference")?;
        let honest = match self.answer.as_str() {
            "reference" => solution,
            "skeleton" => text(target.skeleton())?.ok_or("the exercise has no skeleton")?,
            mutant => {
                let (mutants, _) = mutants::load(target, &solution).map_err(|e| e.to_string())?;
                let found = mutants.into_iter().find(|m| m.name == mutant);
                found.ok_or_else(|| format!("`answer` names no mutant: {mutant}"))?.text
            }
        };
        if self.witness.is_some() && !self.checks.is_empty() {
            return Err("a witness has to pass whole, so `checks` cannot be named".to_owned());
        }
        let mut edits = self.edits.clone();
        match (&self.find, &self.replace) {
            (Some(find), Some(replace)) => {
                edits.insert(0, Edit { find: find.clone(), replace: replace.clone() });
            }
            (None, None) => {}
            _ => return Err("`find` and `replace` go together".to_owned()),
        }
        let attack = format!("{}{}{}", self.before, edited(&honest, &edits)?, self.after);
        Ok((attack, honest))
    }

    /// Whether a check that it names is timed.
    pub fn is_timed(&self) -> bool {
        self.checks.iter().any(|check| check.starts_with("performance::"))
    }
}

impl Beside {
    /// Puts it into the submission `folder`, in the place of what may be there.
    pub fn lay(&self, folder: &Path, course: &Path) -> Result<(), AuthorError> {
        let at = folder.join(&self.path);
        let put = || {
            if let Some(parent) = at.parent() {
                std::fs::create_dir_all(parent)?;
            }
            if at.is_dir() {
                std::fs::remove_dir_all(&at)?;
            } else if at.exists() {
                std::fs::remove_file(&at)?;
            }
            match &self.is {
                What::Text(text) => std::fs::write(&at, text),
                What::Link(to) => std::os::unix::fs::symlink(course.join(to), &at),
                What::Bytes(bytes) => std::fs::File::create(&at)?.set_len(*bytes),
                What::Files(count) => {
                    std::fs::create_dir(&at)?;
                    (0..*count).try_for_each(|n| std::fs::write(at.join(n.to_string()), ""))
                }
                What::Pipe => pipe(&at),
            }
        };
        put().map_err(AuthorError::at("write", &at))
    }
}

fn pipe(at: &Path) -> std::io::Result<()> {
    let path = std::ffi::CString::new(at.as_os_str().as_bytes())?;
    // SAFETY: the path ends in null and outlives the call.
    match unsafe { libc::mkfifo(path.as_ptr(), 0o644) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}
