//! Judges: an assignment's integration tests, built once per course from the pristine tree.
//!
//! A judge holds no student's code, so every submission is graded by the same binaries. Also finds the
//! snippets that must not compile, which need no judge.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use miette::Diagnostic;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cargo::{Build, Built, CargoError, build};
use crate::course::{Assignment, Course};
use crate::process::{Ended, Limits, run};
use crate::rubric::{Kind, Visibility};
use crate::stage::{StageError, judge_tree};
use crate::tree::{Hash, TreeError, write_atomically};
use crate::workspace::{Workspace, WorkspaceError};

/// What is never built again needs nothing that makes the next build cheaper; and a judge is as fast without what link-time
/// optimisation finds between the parts that its crates were compiled in, at three quarters of the time.
const BUILT_ONCE: [(&str, &str); 2] = [("CARGO_INCREMENTAL", "0"), ("CARGO_PROFILE_DEV_LTO", "off")];

/// The judges' folder: one tree and one target folder for a course with given hidden tests.
#[derive(Debug)]
pub struct Bench {
    folder: PathBuf,
    /// Hash of the course: all that a submission does not bring, and the compiler.
    pub course_hash: String,
    // Shared with other graders of the same course; exclusive while the tree changes.
    lock: File,
}

/// The judges of one assignment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Judges {
    /// What they check.
    pub checks: Vec<Check>,
    /// Whether hidden checks are not here at all, as in a student's edition.
    pub hidden_absent: bool,
    /// The folder that they run in: their package's.
    pub cwd: PathBuf,
    /// Tests that no exercise and kind could be told of.
    pub strangers: Vec<String>,
}

/// One check of an assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The exercise's id.
    pub exercise: String,
    /// Its kind.
    pub kind: Kind,
    /// Public or hidden.
    pub visibility: Visibility,
    /// The last part of its name: a sentence.
    pub name: String,
    /// What runs it.
    pub by: By,
}

/// What runs a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// A judge.
    Judge {
        /// The test binary.
        binary: PathBuf,
    },
    /// The compiler.
    Snippet {
        /// What must not compile.
        refused: PathBuf,
        /// Its twin, which must.
        accepted: PathBuf,
    },
}

impl Check {
    /// As libtest names it: `buddy::correctness::name`.
    pub fn test_name(&self) -> String {
        format!("{}::{}::{}", self.exercise, self.kind, self.name)
    }

    /// As rubrics name it: `correctness::name`.
    pub fn within_exercise(&self) -> String {
        format!("{}::{}", self.kind, self.name)
    }

    /// As reports name it: `ps1/buddy/correctness/name`.
    pub fn id(&self, assignment: &str) -> String {
        format!("{assignment}/{}/{}/{}", self.exercise, self.kind, self.name)
    }
}

/// Why there are no judges.
#[derive(Debug, Error, Diagnostic)]
pub enum JudgeError {
    /// The course's own tests do not compile.
    #[error("the judges of {package} do not build:\n{said}")]
    #[diagnostic(help("this is a fault of the course: get its files again, or report it to its authors"))]
    DoesNotBuild {
        /// The package.
        package: String,
        /// The compiler's words.
        said: String,
    },
    /// They were built and did not list their checks.
    #[error("the judge {} does not list its checks: {said}", binary.display())]
    #[diagnostic(help("this is a fault of the course: get its files again, or report it to its authors"))]
    DoesNotList {
        /// The test binary.
        binary: PathBuf,
        /// How it ended.
        said: String,
    },
    /// Cargo could not be asked.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Cargo(#[from] CargoError),
    /// The tree could not be laid.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Stage(#[from] StageError),
    /// A manifest is unusable.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The folder could not be written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Tree(#[from] TreeError),
    /// The folder could not be locked.
    #[error("cannot lock {}", path.display())]
    #[diagnostic(help("check that the folder can be written"))]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Bench {
    /// Lays the judges' tree under `work`. Course and hidden tests that are already laid stay as they are.
    pub fn lay(
        work: &Path,
        course: &Course,
        workspace: &Workspace,
        hidden: Option<&Path>,
        toolchain: &str,
    ) -> Result<Bench, JudgeError> {
        let name = match hidden {
            None => "judges".to_owned(),
            Some(folder) => {
                let mut hash = Hash::default();
                hash.part(folder.as_os_str().as_encoded_bytes());
                format!("judges-{}", &hash.hex()[..12])
            }
        };
        let folder = work.join(name);
        let tree = judge_tree(course, workspace, hidden)?;
        let mut hash = Hash::default();
        hash.part(tree.hash()?.as_bytes());
        hash.part(toolchain.as_bytes());
        let course_hash = hash.hex();

        let path = folder.with_extension("lock");
        let failed = |source| JudgeError::Lock { path: path.clone(), source };
        std::fs::create_dir_all(work).map_err(failed)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let bench = Bench { folder, course_hash, lock };
        loop {
            bench.lock.lock_shared().map_err(failed)?;
            if bench.is_laid() {
                return Ok(bench);
            }
            bench.lock.unlock().map_err(failed)?;
            bench.lock.lock().map_err(failed)?;
            // Another grader may have laid the same meanwhile: laying it again changes nothing then.
            tree.lay(&bench.folder.join("tree"))?;
            write_atomically(&bench.folder.join("laid"), bench.course_hash.as_bytes())?;
            bench.lock.unlock().map_err(failed)?;
        }
    }

    fn is_laid(&self) -> bool {
        std::fs::read_to_string(self.folder.join("laid")).is_ok_and(|h| h == self.course_hash)
    }

    /// The judges of `assignment`: those of the last time where the course is the same, else built.
    /// `building` is called before a build.
    pub fn judges(
        &self,
        workspace: &Workspace,
        assignment: &Assignment,
        building: impl FnOnce(),
    ) -> Result<Judges, JudgeError> {
        let kept = self.folder.join(format!("{}.json", assignment.folder));
        if let Some(judges) = self.kept(&kept) {
            return Ok(judges);
        }
        building();
        let tree = self.folder.join("tree");
        let cwd = tree.join(&assignment.folder);
        let mut judges = Judges { cwd: cwd.clone(), ..Judges::default() };
        let mut targets = Vec::new();
        for visibility in [Visibility::Public, Visibility::Hidden] {
            if cwd.join("tests").join(visibility.name()).join("main.rs").is_file() {
                targets.extend(["--test".to_owned(), visibility.name().to_owned()]);
            }
        }
        judges.hidden_absent =
            !targets.iter().any(|t| t == "hidden") && !cwd.join("tests/refuses-hidden").is_dir();
        let exercises: BTreeSet<&str> =
            assignment.rubric.iter().flat_map(|r| &r.exercises).map(|e| e.id.as_str()).collect();
        if !targets.is_empty() {
            let package = workspace.package(&assignment.folder)?;
            let answered = exercises.iter().filter(|id| package.features.contains(**id));
            let (features, package) = (answered.map(|id| (*id).to_owned()).collect(), package.name);
            let target = self.folder.join("target");
            let wanted = Build {
                tree: &tree,
                target: &target,
                packages: vec![package.clone()],
                targets,
                features,
                env: BUILT_ONCE.map(|(name, value)| (name, value.to_owned())).to_vec(),
                limit: Duration::from_secs(1200),
            };
            let artifacts = match build(&wanted)? {
                Built::Done(artifacts) => artifacts,
                Built::Refused(complaints) => {
                    let said: Vec<String> = complaints.into_iter().map(|c| c.rendered).collect();
                    return Err(JudgeError::DoesNotBuild { package, said: said.join("\n") });
                }
                Built::Exhausted => {
                    let said = "the compiler came to no end within 20 minutes and its memory".to_owned();
                    return Err(JudgeError::DoesNotBuild { package, said });
                }
            };
            for visibility in [Visibility::Public, Visibility::Hidden] {
                if let Some(binary) = artifacts.executables.get(visibility.name()) {
                    judges.list(binary, visibility, &exercises)?;
                }
            }
        }
        for (folder, visibility) in
            [("tests/refuses", Visibility::Public), ("tests/refuses-hidden", Visibility::Hidden)]
        {
            judges.find_snippets(&cwd.join(folder), visibility, &exercises);
        }
        let json = serde_json::to_vec(&(&self.course_hash, &judges)).unwrap_or_default();
        write_atomically(&kept, &json)?;
        Ok(judges)
    }

    fn kept(&self, path: &Path) -> Option<Judges> {
        let (hash, judges): (String, Judges) = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let there = judges.checks.iter().all(|c| match &c.by {
            By::Judge { binary } => binary.is_file(),
            By::Snippet { refused, .. } => refused.is_file(),
        });
        // The paths are whole ones: a workspace that was moved or copied has its judges built again.
        let here = judges.cwd.starts_with(&self.folder);
        (hash == self.course_hash && there && here).then_some(judges)
    }
}

impl Judges {
    fn list(
        &mut self,
        binary: &Path,
        visibility: Visibility,
        exercises: &BTreeSet<&str>,
    ) -> Result<(), JudgeError> {
        let limits = Limits { wall: Duration::from_secs(60), output: 4 << 20, memory: None };
        let failed = |said| JudgeError::DoesNotList { binary: binary.to_owned(), said };
        let mut command = Command::new(binary);
        command.args(["--list", "--format", "terse"]).current_dir(&self.cwd);
        let done = run(&mut command, &limits).map_err(|e| failed(e.to_string()))?;
        if done.ended != Ended::Exited(0) {
            return Err(failed(format!("{:?}", done.ended)));
        }
        for line in String::from_utf8_lossy(&done.stdout).lines() {
            let Some(test) = line.strip_suffix(": test") else {
                continue;
            };
            match parse(test, exercises) {
                Some((exercise, kind, name)) => self.checks.push(Check {
                    exercise: exercise.to_owned(),
                    kind,
                    visibility,
                    name: name.to_owned(),
                    by: By::Judge { binary: binary.to_owned() },
                }),
                None if is_students(test) => {}
                None => self.strangers.push(test.to_owned()),
            }
        }
        Ok(())
    }

    fn find_snippets(&mut self, folder: &Path, visibility: Visibility, exercises: &BTreeSet<&str>) {
        for exercise in exercises {
            let entries = std::fs::read_dir(folder.join(exercise)).into_iter().flatten().flatten();
            let mut names: Vec<String> = entries
                .filter_map(|e| e.file_name().into_string().ok())
                .filter_map(|n| n.strip_suffix(".rs").filter(|n| !n.ends_with(".ok")).map(str::to_owned))
                .collect();
            names.sort();
            for name in names {
                let at = |ending: &str| folder.join(exercise).join(format!("{name}{ending}"));
                let by = By::Snippet { refused: at(".rs"), accepted: at(".ok.rs") };
                let exercise = (*exercise).to_owned();
                self.checks.push(Check { exercise, kind: Kind::Refuses, visibility, name, by });
            }
        }
    }
}

// `buddy::correctness::name`; a test in a module below keeps its path as its name.
fn parse<'a>(test: &'a str, exercises: &BTreeSet<&str>) -> Option<(&'a str, Kind, &'a str)> {
    let (exercise, rest) = test.split_once("::")?;
    let (kind, name) = rest.split_once("::")?;
    let kind = Kind::from_name(kind)?;
    exercises.contains(exercise).then_some((exercise, kind, name))
}

// `buddy::yours::…` is where a student puts tests of their own.
fn is_students(test: &str) -> bool {
    test.split("::").nth(1) == Some("yours")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_name_says_exercise_and_kind() {
        let exercises = BTreeSet::from(["buddy"]);
        assert_eq!(parse("buddy::property::a", &exercises), Some(("buddy", Kind::Property, "a")));
        for stranger in ["buddy::helper", "slab::property::a", "buddy::props::a", "a"] {
            assert_eq!(parse(stranger, &exercises), None, "{stranger}");
        }
    }
}
