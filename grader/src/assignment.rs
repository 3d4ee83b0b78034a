//! Grading one assignment: policy, driver, the phases of checks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::cargo::{Artifacts, Build, Built, CargoError, build};
use crate::course::{Assignment, Course};
use crate::drivers::{Files, Settled, settle};
use crate::grade::GradeError;
use crate::judges::{Bench, By, Check, JudgeError, Judges};
use crate::marks::{self, Block, Graded};
use crate::plan::{Fate, PHASES, Verdicts, fate};
use crate::policy::{Scan, scan};
use crate::progress::Progress;
use crate::refuses::{self, Library};
use crate::rubric::{Kind, Rubric};
use crate::run::{Outcome, Setting, in_lanes, judge};
use crate::scope::Scope;
use crate::stage::{Chosen, StageError, Worker, driver_tree, skeleton};
use crate::submission::Listed;
use crate::tree::Hash;
use crate::verdict::Verdict;
use crate::workspace::{Package, Workspace};

/// Wall clock for a driver's build with all it stands on, and for one of the student's code alone.
const COLD_BUILD: Duration = Duration::from_secs(900);
const WARM_BUILD: Duration = Duration::from_secs(120);

/// Checks that are not timed run two at a time.
const LANES: usize = 2;

/// What all assignments of a run have in common.
#[derive(Debug)]
pub struct Run<'a> {
    /// The course.
    pub course: &'a Course,
    /// Its workspace.
    pub workspace: &'a Workspace,
    /// Its judges.
    pub bench: &'a Bench,
    /// Where drivers are built.
    pub worker: &'a Worker,
    /// What is asked for.
    pub scope: &'a Scope,
    /// A trace of the student's own.
    pub trace: Option<PathBuf>,
    /// What hidden seeds come from.
    pub term_key: Option<Vec<u8>>,
    /// Whether checks of mere skeletons run.
    pub run_skeletons: bool,
}

// What is known of an assignment before any check runs.
struct Ground<'a> {
    assignment: &'a Assignment,
    rubric: &'a Rubric,
    package: Package,
    blocks: BTreeMap<String, Block>,
    present: Files,
    // Files that the policy's scanner could not read: refused if the compiler can.
    unscanned: Vec<String>,
}

// A driver that is built.
struct Driver {
    artifacts: Artifacts,
    path: PathBuf,
    chosen: Files,
    submission: String,
}

impl Run<'_> {
    /// Grades `assignment`, of which the submission has `files`, in the rubric's order.
    pub fn assignment(
        &self,
        assignment: &Assignment,
        files: &[Listed],
        progress: &mut Progress,
    ) -> Result<Graded, GradeError> {
        let Some(rubric) = &assignment.rubric else {
            return Ok(marks::unwritten(assignment, self.course.file.rounding));
        };
        let judges = self.bench.judges(self.workspace, assignment, || {
            progress.step(&format!("building the judges of {}", assignment.folder));
        });
        let judges = match judges {
            Ok(judges) => judges,
            Err(e @ (JudgeError::DoesNotBuild { .. } | JudgeError::DoesNotList { .. })) => {
                return Ok(marks::broken(self.course, self.scope, assignment, rubric, e.to_string()));
            }
            Err(e) => return Err(e.into()),
        };
        let mut ground = self.ground(assignment, rubric, files)?;
        let wanted = |c: &&Check| {
            let asked = rubric.exercise(&c.exercise).filter(|e| e.published && self.scope.has(assignment, e));
            asked.is_some() && !ground.blocks.contains_key(&c.exercise)
        };
        let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
        let tried = judges.checks.iter().any(|c| wanted(&c));
        if tried {
            progress.step(&format!("building the driver of {}", assignment.folder));
            match self.driver(&mut ground, false)? {
                Ok(driver) => outcomes = self.checks(&mut ground, &judges, &driver, progress)?,
                Err(said) => return Ok(marks::broken(self.course, self.scope, assignment, rubric, said)),
            }
        }
        let mut graded =
            marks::marks(self.course, self.scope, assignment, rubric, &ground.blocks, &judges, outcomes);
        graded.tried = tried;
        Ok(graded)
    }

    fn ground<'a>(
        &self,
        assignment: &'a Assignment,
        rubric: &'a Rubric,
        files: &[Listed],
    ) -> Result<Ground<'a>, GradeError> {
        let package = self.workspace.package(&assignment.folder)?;
        let mut ground = Ground {
            assignment,
            rubric,
            package,
            blocks: BTreeMap::new(),
            present: Files::new(),
            unscanned: Vec::new(),
        };
        for (exercise, listed) in rubric.exercises.iter().zip(files) {
            let (verdict, message) = match listed {
                Listed::Missing(why) => (Verdict::NotAttempted, why.clone()),
                Listed::Unreadable(why) => (Verdict::DoesNotBuild, why.clone()),
                Listed::Refused(why) => (Verdict::Refused, why.clone()),
                Listed::Present(text) => match scan(text, &exercise.policy) {
                    Scan::Forbidden(found) => {
                        let file = format!("{}/{}", assignment.folder, exercise.file);
                        let said: Vec<String> = found.iter().take(10).map(|f| f.sentence(&file)).collect();
                        (Verdict::Refused, said.join("\n"))
                    }
                    Scan::Clean | Scan::Unlexable
                        if !self.run_skeletons && *text == skeleton(self.course, assignment, exercise)? =>
                    {
                        (Verdict::NotAttempted, "The file is still the skeleton.".to_owned())
                    }
                    scanned => {
                        ground.present.insert(exercise.id.clone(), text.clone());
                        if scanned == Scan::Unlexable {
                            ground.unscanned.push(exercise.id.clone());
                        }
                        continue;
                    }
                },
            };
            ground.blocks.insert(exercise.id.clone(), Block { verdict, message });
        }
        Ok(ground)
    }

    // Builds the driver; an inner `Err` says why the course's own files do not build.
    fn driver(&self, ground: &mut Ground, loom: bool) -> Result<Result<Driver, String>, GradeError> {
        let Some(binary) = ground.package.driver.clone() else {
            return Ok(Err(format!("{} has no binary at src/bin/driver.rs", ground.package.name)));
        };
        let folder = ground.assignment.folder.clone();
        let tree = self.worker.tree();
        let target = self.worker.target(loom);
        let warm = target.join(format!("warm-{}-{}", ground.package.name, &self.bench.course_hash[..12]));
        let listed: BTreeMap<String, String> =
            ground.rubric.exercises.iter().map(|e| (format!("{folder}/{}", e.file), e.id.clone())).collect();
        let make = |files: &Files| -> Result<Built, GradeError> {
            let chosen: Chosen =
                files.iter().map(|(id, text)| ((folder.clone(), id.clone()), text.clone())).collect();
            driver_tree(self.course, self.workspace, &chosen)?.lay(&tree).map_err(StageError::from)?;
            let built = build(&Build {
                tree: &tree,
                target: &target,
                package: &ground.package.name,
                targets: vec!["--lib".into(), "--bin".into(), binary.clone()],
                loom,
                env: vec![("GRADE_SUBMISSION", submission_of(files))],
                limit: if warm.exists() { WARM_BUILD } else { COLD_BUILD },
            })?;
            if matches!(built, Built::Done(_)) {
                // Only decides how long the next build may take, so a failure to write it is none.
                let _ = std::fs::write(&warm, "");
            }
            Ok(built)
        };
        loop {
            let settled = match settle(&ground.present, &listed, make) {
                Err(GradeError::Cargo(CargoError::Setup { said, .. })) => return Ok(Err(said)),
                settled => settled?,
            };
            let (artifacts, chosen, refused) = match settled {
                Settled::CourseBroken(said) => return Ok(Err(said)),
                Settled::Done { artifacts, chosen, refused } => (artifacts, chosen, refused),
            };
            let refused = refused.into_iter().map(|(id, message)| (id, Verdict::DoesNotBuild, message));
            let unscanned = ground.unscanned.iter().filter(|id| chosen.contains_key(*id)).map(|id| {
                let said = "The compiler reads this file, and the scan for what the exercise forbids cannot. \
                            Take out what is unusual in its text.";
                (id.clone(), Verdict::Refused, said.to_owned())
            });
            let unscanned: Vec<_> = unscanned.collect();
            let again = !unscanned.is_empty();
            for (id, verdict, message) in refused.chain(unscanned) {
                ground.present.remove(&id);
                ground.blocks.insert(id, Block { verdict, message });
            }
            if again {
                continue;
            }
            let Some(path) = artifacts.executables.get(&binary).cloned() else {
                return Ok(Err(format!("Cargo built {binary} and does not say where.")));
            };
            let submission = submission_of(&chosen);
            return Ok(Ok(Driver { artifacts, path, chosen, submission }));
        }
    }

    // Runs the phases. Outcomes are by the check's place in `judges`.
    fn checks(
        &self,
        ground: &mut Ground,
        judges: &Judges,
        driver: &Driver,
        progress: &mut Progress,
    ) -> Result<BTreeMap<usize, Outcome>, GradeError> {
        let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
        let mut verdicts = Verdicts::new();
        let scratch = self.worker.folder.join("scratch");
        let made = std::fs::create_dir_all(&scratch);
        made.map_err(|_| StageError::NoWorker { folder: scratch.clone() })?;
        let mut setting = Setting {
            driver: driver.path.clone(),
            driver_loom: None,
            submission: driver.submission.clone(),
            trace: self.trace.clone(),
            term_key: self.term_key.clone(),
            cwd: judges.cwd.clone(),
            scratch,
        };
        for phase in &PHASES {
            let mut jobs: Vec<(usize, &Check)> = Vec::new();
            for &kind in phase.kinds {
                for (at, check) in judges.checks.iter().enumerate().filter(|(_, c)| c.kind == kind) {
                    let Some(exercise) = ground.rubric.exercise(&check.exercise) else {
                        continue;
                    };
                    let asked = exercise.published && self.scope.has(ground.assignment, exercise);
                    if !asked || ground.blocks.contains_key(&check.exercise) {
                        continue;
                    }
                    match fate(exercise, check, &verdicts) {
                        Fate::Run => jobs.push((at, check)),
                        Fate::Skip(verdict, why) => {
                            outcomes.insert(at, Outcome::of(verdict, why));
                        }
                    }
                }
            }
            if jobs.iter().any(|(_, c)| c.kind == Kind::Concurrency) && ground.package.has_loom {
                progress.step(&format!("building the loom driver of {}", ground.assignment.folder));
                let refused = self.loom(ground, driver, &mut setting)?;
                jobs.retain(|(at, check)| {
                    let block = refused.get(&check.exercise).filter(|_| check.kind == Kind::Concurrency);
                    if let Some(block) = block {
                        outcomes.insert(*at, Outcome::of(block.verdict, block.message.clone()));
                    }
                    block.is_none()
                });
            }
            let lanes = if phase.alone { 1 } else { LANES };
            progress.checks(ground.assignment.id(), jobs.len());
            let target = self.worker.target(false);
            let library = Library {
                artifacts: &driver.artifacts,
                target: &target,
                edition: &ground.package.edition,
                out: &setting.scratch,
            };
            let found = in_lanes(&jobs, lanes, |(_, check)| {
                let outcome = match &check.by {
                    By::Judge { binary } => judge(binary, check, ground.assignment.id(), &setting),
                    By::Snippet { refused, accepted } => refuses::check(refused, accepted, &library),
                };
                progress.one_done();
                outcome
            });
            for ((at, check), outcome) in jobs.into_iter().zip(found) {
                verdicts.insert(check.test_name(), outcome.verdict);
                outcomes.insert(at, outcome);
            }
        }
        Ok(outcomes)
    }

    // Builds the loom driver into `setting`. Gives whose concurrency checks cannot run, and why.
    fn loom(
        &self,
        ground: &Ground,
        driver: &Driver,
        setting: &mut Setting,
    ) -> Result<BTreeMap<String, Block>, GradeError> {
        let mut own = Ground {
            assignment: ground.assignment,
            rubric: ground.rubric,
            package: ground.package.clone(),
            blocks: BTreeMap::new(),
            present: driver.chosen.clone(),
            unscanned: Vec::new(),
        };
        Ok(match self.driver(&mut own, true)? {
            Ok(built) if built.chosen == driver.chosen => {
                setting.driver_loom = Some(built.path);
                own.blocks
            }
            // A driver of fewer files has another hash than the one that judges are told.
            Ok(_) => {
                let told = own.blocks.clone();
                let all = ground.rubric.exercises.iter().map(|e| {
                    let other = Block {
                        verdict: Verdict::DoesNotBuild,
                        message: format!(
                            "With feature `loom` the assignment does not build, because of: {}.",
                            told.keys().cloned().collect::<Vec<_>>().join(", ")
                        ),
                    };
                    (e.id.clone(), told.get(&e.id).cloned().unwrap_or(other))
                });
                all.collect()
            }
            Err(said) => {
                let block = Block { verdict: Verdict::GraderBroke, message: said };
                ground.rubric.exercises.iter().map(|e| (e.id.clone(), block.clone())).collect()
            }
        })
    }
}

fn submission_of(files: &Files) -> String {
    let mut hash = Hash::default();
    for (id, text) in files {
        hash.part(id.as_bytes());
        hash.part(text.as_bytes());
    }
    hash.hex()
}
