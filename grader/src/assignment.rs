//! Grading one assignment: policy, drivers, the phases of checks.

mod builds;
mod programs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use crate::cargo::{Artifacts, Built};
use crate::course::{Assignment, Course};
use crate::drivers::Files;
use crate::error::GradeError;
use crate::judges::{Bench, By, Check, JudgeError, Judges};
use crate::marks::{self, Block, Graded};
use crate::plan::{Fate, PHASES, Timed, Verdicts, fate, runs_in};
use crate::policy::{Scan, scan};
use crate::progress::Progress;
use crate::refuses::{self, Library};
use crate::rubric::{Exercise, Kind, Rubric};
use crate::run::{Outcome, Setting, in_lanes, judge};
use crate::sandbox::Sandbox;
use crate::scope::Scope;
use crate::stage::{StageError, Worker, skeleton};
use crate::submission::Listed;
use crate::verdict::Verdict;
use crate::workspace::{Package, Workspace};

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
    /// The walls around drivers.
    pub sandbox: &'a Sandbox,
    /// What is asked for.
    pub scope: &'a Scope,
    /// A trace of the student's own.
    pub trace: Option<PathBuf>,
    /// What hidden seeds come from.
    pub term_key: Option<Vec<u8>>,
    /// The timed checks that run.
    pub timed: &'a Timed,
    /// Whether an exercise ends with its first check that does not pass.
    pub stop_early: bool,
    /// Whether checks of mere skeletons run.
    pub run_skeletons: bool,
    /// The checks that run, as `kind::name`; all where it is empty.
    pub only: &'a [String],
    /// Whether the source policy is not asked.
    pub past_policy: bool,
    /// Wall clock for a build of more than skeletons; the usual one where there is none.
    pub build_limit: Option<Duration>,
    /// Whether it is one of many runs, of which only verdicts are asked.
    pub of_many: bool,
    /// Whether the submission is somebody else's.
    pub wary: bool,
    /// Shared by whatever takes a processor, so that what is timed can have the machine to itself among runs that go on
    /// at once. Whoever holds it takes it no second time: a timed check may be waiting in between.
    pub quiet: &'a RwLock<()>,
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
    // The exercises that a driver has to answer for.
    asked: Vec<String>,
    // Whether a check will ask for the loom driver too.
    wants_loom: bool,
    // What came of the loom driver, built beside the plain one, and of which files.
    ahead: Option<(Files, Built)>,
}

impl Ground<'_> {
    fn has_loom(&self) -> bool {
        self.package.features.contains("loom")
    }

    // What a driver is built with.
    fn features(&self, loom: bool) -> Vec<String> {
        let named = ["driver"].into_iter().chain(loom.then_some("loom"));
        let named = named.chain(self.asked.iter().map(String::as_str));
        named.filter(|feature| self.package.features.contains(*feature)).map(str::to_owned).collect()
    }
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
        let mut ground = self.ground(assignment, rubric, files)?;
        // Who has begun nothing has their zero at once, and not after the minute that judges take to build.
        if ground.asked.is_empty() {
            let (none, nothing) = (Judges::default(), BTreeMap::new());
            return Ok(marks::marks(
                self.course,
                self.scope,
                assignment,
                rubric,
                &ground.blocks,
                &none,
                nothing,
            ));
        }
        let busy = self.busy();
        let judges = self.bench.judges(self.workspace, assignment, || {
            progress.step(&format!("building the judges of {}, once: a minute or two", assignment.folder));
        });
        drop(busy);
        let judges = match judges {
            Ok(judges) => judges,
            Err(e @ (JudgeError::DoesNotBuild { .. } | JudgeError::DoesNotList { .. })) => {
                return Ok(marks::broken(self.course, self.scope, assignment, rubric, e.to_string()));
            }
            Err(e) => return Err(e.into()),
        };
        let mut outcomes: BTreeMap<usize, Outcome> = BTreeMap::new();
        let wanted = |c: &&Check| ground.asked.contains(&c.exercise);
        let tried = judges.checks.iter().any(|c| wanted(&c));
        let models = judges.checks.iter().any(|c| c.kind == Kind::Concurrency && wanted(&c));
        ground.wants_loom = models && ground.has_loom() && !self.of_many;
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

    // Held while something takes a processor that no timed check may share.
    fn busy(&self) -> RwLockReadGuard<'_, ()> {
        self.quiet.read().unwrap_or_else(PoisonError::into_inner)
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
            asked: Vec::new(),
            wants_loom: false,
            ahead: None,
        };
        let closed = ground.package.crates.iter().filter(|name| !rubric.crates.contains(name));
        let closed: Vec<String> = closed.cloned().collect();
        for (exercise, listed) in rubric.exercises.iter().zip(files) {
            let (verdict, message) = match listed {
                Listed::Missing(why) => (Verdict::NotAttempted, why.clone()),
                Listed::Unreadable(why) => (Verdict::DoesNotBuild, why.clone()),
                Listed::Refused(why) => (Verdict::Refused, why.clone()),
                Listed::Present(text) => match self.scan(text, exercise, &closed) {
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
        let asked = |e: &&Exercise| e.published && self.scope.has(assignment, e);
        let begun = rubric.exercises.iter().filter(asked).filter(|e| !ground.blocks.contains_key(&e.id));
        ground.asked = begun.map(|e| e.id.clone()).collect();
        Ok(ground)
    }

    fn scan(&self, text: &str, exercise: &Exercise, closed: &[String]) -> Scan {
        if self.past_policy {
            return Scan::Clean;
        }
        // A crate by the exercise's own name, such as one that it is timed beside, cannot be told from the answer.
        let closed: Vec<String> = closed.iter().filter(|name| **name != exercise.id).cloned().collect();
        scan(text, &exercise.policy, &closed)
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
        let lost: Mutex<BTreeSet<String>> = Mutex::default();
        let scratch = self.worker.folder.join("scratch");
        let made = std::fs::create_dir_all(&scratch);
        made.map_err(|_| StageError::NoWorker { folder: scratch.clone() })?;
        let mut setting = Setting {
            driver: driver.path.clone(),
            driver_loom: None,
            launcher: self.sandbox.words(),
            program_launcher: self.sandbox.program_words(),
            programs: None,
            submission: driver.submission.clone(),
            trace: self.trace.clone(),
            term_key: self.term_key.clone(),
            cwd: judges.cwd.clone(),
            scratch,
            shrink: !self.of_many,
            wary: self.wary,
        };
        for phase in &PHASES {
            let mut jobs: Vec<(usize, &Check)> = Vec::new();
            for (at, check) in judges.checks.iter().enumerate() {
                let Some(exercise) = ground.rubric.exercise(&check.exercise) else {
                    continue;
                };
                let asked = ground.asked.contains(&check.exercise);
                let blocked = ground.blocks.contains_key(&check.exercise);
                if !asked || blocked || !runs_in(phase, exercise, check) {
                    continue;
                }
                match fate(exercise, check, &verdicts) {
                    _ if !self.only.is_empty() && !self.only.contains(&check.within_exercise()) => {
                        outcomes.insert(at, Outcome::left_out("It was not asked for."));
                    }
                    Fate::Run if phase.alone && !self.timed.has(&check.within_exercise()) => {
                        outcomes.insert(at, Outcome::left_out("Timed checks are left out of this run."));
                    }
                    Fate::Run => jobs.push((at, check)),
                    Fate::Skip(verdict, why) => {
                        outcomes.insert(at, Outcome::of(verdict, why));
                    }
                }
            }
            jobs.sort_by_key(|(at, check)| (check.kind, *at));
            let wants = |kind| jobs.iter().any(|(_, check)| check.kind == kind);
            let (programs, models) = (wants(Kind::Program), wants(Kind::Concurrency) && ground.has_loom());
            // Programs first: they are built with the files that the driver was built with.
            let mut refused = Vec::new();
            if programs {
                refused.push((Kind::Program, self.programs(ground, &mut setting)?));
            }
            if models {
                refused.push((Kind::Concurrency, self.loom(ground, driver, &mut setting)?));
            }
            for (kind, blocks) in refused {
                jobs.retain(|(at, check)| {
                    let block = blocks.get(&check.exercise).filter(|_| check.kind == kind);
                    if let Some(block) = block {
                        outcomes.insert(*at, Outcome::of(block.verdict, block.message.clone()));
                    }
                    block.is_none()
                });
            }
            let lanes = if phase.alone || self.of_many { 1 } else { LANES };
            let alone = phase.alone && !jobs.is_empty();
            let _alone = alone.then(|| self.quiet.write().unwrap_or_else(PoisonError::into_inner));
            progress.checks(ground.assignment.id(), jobs.len());
            let target = self.worker.target(false);
            let library = Library {
                artifacts: &driver.artifacts,
                target: &target,
                edition: &ground.package.edition,
                out: &setting.scratch,
            };
            let found = in_lanes(&jobs, lanes, |(_, check)| {
                if self.stop_early && lost.lock().is_ok_and(|lost| lost.contains(&check.exercise)) {
                    progress.one_done();
                    return Outcome::left_out("It is run once what failed before it passes.");
                }
                let _busy = (!phase.alone).then(|| self.busy());
                let outcome = match &check.by {
                    By::Judge { binary } => judge(binary, check, ground.assignment.id(), &setting),
                    By::Snippet { refused, accepted } => refuses::check(refused, accepted, &library),
                };
                if outcome.verdict != Verdict::Passed
                    && let Ok(mut lost) = lost.lock()
                {
                    lost.insert(check.exercise.clone());
                }
                progress.one_done();
                outcome
            });
            if let Some(unusable) = found.iter().find(|outcome| outcome.unusable) {
                return Err(GradeError::Trace { said: unusable.message.clone() });
            }
            for ((at, check), outcome) in jobs.into_iter().zip(found) {
                verdicts.insert(check.test_name(), outcome.verdict);
                outcomes.insert(at, outcome);
            }
        }
        Ok(outcomes)
    }
}
