//! A grading run from the submission to the result: the order of the steps, and nothing else.

use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::time::{Duration, Instant};

use crate::assignment;
use crate::cargo::toolchain;
use crate::course::Course;
use crate::error::GradeError;
use crate::judges::Bench;
use crate::marks::{Graded, tally};
use crate::plan::Timed;
use crate::progress::Progress;
use crate::result::{CourseResult, Note, SCHEMA, Topic, legible};
use crate::sandbox::Sandbox;
use crate::scope::Scope;
use crate::score::ExactTally;
use crate::stage::Worker;
use crate::submission::{self, Listed, Submission};
use crate::workspace::Workspace;

/// What a run is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What of the course.
    pub scope: Scope,
    /// The submission's folder; the course's own where there is none.
    pub submission: Option<PathBuf>,
    /// A folder with hidden tests.
    pub hidden: Option<PathBuf>,
    /// A trace of the student's own.
    pub trace: Option<PathBuf>,
    /// The walls around drivers.
    pub sandbox: Sandbox,
    /// Which timed checks run; the others are left out.
    pub timed: Timed,
    /// Stops an exercise at its first check that does not pass; what is then not run is left out.
    pub stop_early: bool,
    /// Runs the checks also of files that are still the skeleton, as the authors' check does.
    pub run_skeletons: bool,
    /// Only these checks, as `kind::name`; all where it is empty. The others are left out.
    pub only: Vec<String>,
    /// Lets listed files past the source policy, so that what stands behind it can be tried.
    pub past_policy: bool,
    /// Wall clock for a build of more than skeletons; the usual one where there is none.
    pub build_limit: Option<Duration>,
    /// One of many runs that go on side by side, of which only verdicts are asked: checks run one at a time, loom's driver
    /// is built once a check needs it, and no failure is made short.
    pub of_many: bool,
}

/// A course with its judges' tree laid, for any number of runs, also at once.
#[derive(Debug)]
pub struct Ready<'a> {
    course: &'a Course,
    workspace: Workspace,
    toolchain: String,
    bench: Bench,
    /// What hidden seeds come from.
    term_key: Option<Vec<u8>>,
    /// Held by all that goes on, and alone by what is timed.
    quiet: RwLock<()>,
}

/// Where a course's stages, judges and results are kept.
pub fn work_folder(course: &Course) -> PathBuf {
    course.root.join("target").join("grade")
}

/// Grades, once.
pub fn grade(
    course: &Course,
    request: &Request,
    progress: &mut Progress,
) -> Result<CourseResult, GradeError> {
    Ready::new(course, request.hidden.as_deref())?.grade(request, progress)
}

impl<'a> Ready<'a> {
    /// Lays the judges' tree of `course`, with hidden tests of a folder if there is one.
    pub fn new(course: &'a Course, hidden: Option<&Path>) -> Result<Ready<'a>, GradeError> {
        let hidden = hidden.map(existing).transpose()?;
        let workspace = Workspace::load(&course.root)?;
        let toolchain = toolchain(&course.root)?;
        let bench = Bench::lay(&work_folder(course), course, &workspace, hidden.as_deref(), &toolchain)?;
        let term_key = term_key(course, hidden.as_deref());
        Ok(Ready { course, workspace, toolchain, bench, term_key, quiet: RwLock::default() })
    }

    /// Grades.
    pub fn grade(&self, request: &Request, progress: &mut Progress) -> Result<CourseResult, GradeError> {
        let started = Instant::now();
        let course = self.course;
        let asked = request.scope.assignments(course);
        let submission =
            Submission::open(request.submission.as_deref().unwrap_or(&course.root), course, &asked)?;
        let trace = request.trace.as_deref().map(existing).transpose()?;

        let worker = Worker::take(&work_folder(course))?;
        let run = assignment::Run {
            course,
            workspace: &self.workspace,
            bench: &self.bench,
            worker: &worker,
            quiet: &self.quiet,
            sandbox: &request.sandbox,
            scope: &request.scope,
            trace,
            term_key: self.term_key.clone(),
            timed: &request.timed,
            stop_early: request.stop_early,
            run_skeletons: request.run_skeletons,
            only: &request.only,
            past_policy: request.past_policy,
            build_limit: request.build_limit,
            of_many: request.of_many,
            wary: request.submission.is_some(),
        };

        let mut graded: Vec<Graded> = Vec::new();
        let mut read: Vec<(&str, &str, Listed)> = Vec::new();
        for assignment in &asked {
            let files: Vec<Listed> = match &assignment.rubric {
                Some(rubric) => rubric.exercises.iter().map(|e| submission.read(assignment, e)).collect(),
                None => Vec::new(),
            };
            graded.push(run.assignment(assignment, &files, progress)?);
            let exercises = assignment.rubric.iter().flat_map(|r| &r.exercises);
            read.extend(exercises.zip(files).map(|(e, f)| (assignment.folder.as_str(), e.id.as_str(), f)));
        }
        progress.finish();
        let tried: Vec<&Graded> = graded.iter().filter(|g| g.tried).collect();
        if !tried.is_empty() && tried.iter().all(|g| g.broken.is_some()) {
            let said: Vec<&str> = tried.iter().filter_map(|g| g.broken.as_deref()).collect();
            return Err(GradeError::NothingBuilt { said: said.join("\n") });
        }

        let mut notes = Vec::new();
        let ignored = submission.ignored(course, &asked);
        if !ignored.is_empty() {
            notes.push(Note { topic: Topic::Ignored, text: legible(&ignored_text(&ignored)) });
        }
        let zero = ExactTally::default();
        let total = graded.iter().map(|g| g.tally).fold(zero, ExactTally::plus);
        let extra = graded.iter().map(|g| g.extra).fold(zero, ExactTally::plus);
        let extra = extra.capped(course.file.extra_credit.max.exact());
        let decimals = course.file.rounding;
        let files = read.iter().map(|(assignment, exercise, listed)| (*assignment, *exercise, listed));
        let submission_hash = submission::hash(files);
        let mut assignments = Vec::new();
        for one in graded {
            notes.extend(one.notes);
            assignments.push(one.result);
        }
        Ok(CourseResult {
            schema: SCHEMA,
            title: course.file.title.clone(),
            scope: request.scope.named.clone(),
            total: tally(total, decimals),
            extra_credit: tally(extra, decimals),
            assignments,
            notes,
            sandbox: request.sandbox.to_string(),
            toolchain: self.toolchain.clone(),
            submission: submission_hash,
            course: self.bench.course_hash.clone(),
            seconds: started.elapsed().as_secs_f64(),
        })
    }
}

fn existing(path: &Path) -> Result<PathBuf, GradeError> {
    path.canonicalize().map_err(|_| GradeError::NoSuchPath { path: path.to_owned() })
}

fn term_key(course: &Course, hidden: Option<&Path>) -> Option<Vec<u8>> {
    let folders = hidden.into_iter().chain([course.root.as_path()]);
    folders.filter_map(|f| std::fs::read(f.join("term.key")).ok()).next()
}

fn ignored_text(files: &[String]) -> String {
    const SHOWN: usize = 8;
    // A name may hold the end of a line too, and what looks like a report's next one after it.
    let name = |file: &String| file.replace(char::is_control, "\u{fffd}");
    let names: Vec<String> = files.iter().take(SHOWN).map(name).collect();
    let mut text = format!("Only listed files are read; these were ignored: {}", names.join(", "));
    if files.len() > SHOWN {
        text.push_str(&format!(" and {} more", files.len() - SHOWN));
    }
    text.push('.');
    text
}
