//! `cargo grade author attacks`: submissions that mean ill, one trick each, go the whole way of a submission.
//!
//! An attack stands in `solutions/attacks/<layer>/<what it does>.toml`, in the folder of the layer that has to
//! catch it. Its honest part is graded as well, and the attack must pass nothing that the honest part does not;
//! so most are built on an answer that is known to lose something.

mod file;
mod remains;
mod table;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::check::{lanes, local, ready};
use super::{AuthorError, Target, targets};
use crate::course::Course;
use crate::grade::{Ready, Request, work_folder};
use crate::plan::Timed;
use crate::progress::Progress;
use crate::result::{CheckResult, CourseResult, ExerciseResult};
use crate::run::in_lanes;
use crate::sandbox::Sandbox;
use crate::scope::Scope;
use crate::tree::Tree;
use crate::verdict::Verdict;
use file::{Attack, File};
use remains::Before;

/// How much more of a timed check's points than its honest part an attack may come to: what two runs differ by.
const NOISE: f64 = 0.15;

/// An attack that takes longer than this, in seconds, holds a course up.
const LONGEST: f64 = 90.0;

/// How long a build may take that goes on without end: the usual limit is there for slow machines, and waited for here.
const BUILD: Duration = Duration::from_secs(15);

/// What has to catch an attack, in the order in which a submission meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// The submission's reader takes listed files and nothing else.
    Reader,
    /// The source policy.
    Policy,
    /// The compiler's limits.
    Compiler,
    /// The walls around a driver.
    Sandbox,
    /// The protocol: a reply that is missing or is none.
    Protocol,
    /// The oracle and the laws.
    Laws,
    /// What holds a timed loop to the truth.
    Timing,
}

impl Layer {
    const ALL: [Layer; 7] = [
        Layer::Reader,
        Layer::Policy,
        Layer::Compiler,
        Layer::Sandbox,
        Layer::Protocol,
        Layer::Laws,
        Layer::Timing,
    ];

    /// The name of its folder.
    fn name(self) -> &'static str {
        match self {
            Layer::Reader => "reader",
            Layer::Policy => "policy",
            Layer::Compiler => "compiler",
            Layer::Sandbox => "sandbox",
            Layer::Protocol => "protocol",
            Layer::Laws => "laws",
            Layer::Timing => "timing",
        }
    }
}

/// Tries the attacks whose place (`sandbox/writes_a_report`) contains `what`, some at once, prints a line each, and gives
/// what is to be mended.
///
/// # Errors
///
/// Where something cannot be read or written, or graded.
pub fn attacks(
    course: &Course,
    what: Option<&str>,
    sandbox: &Sandbox,
    out: &mut (dyn Write + Send),
) -> Result<Vec<String>, AuthorError> {
    let (all, mut to_mend) = load(course)?;
    to_mend.extend(table::stale(course, &all));
    let wanted: Vec<&Attack> =
        all.iter().filter(|a| what.is_none_or(|what| a.place().contains(what))).collect();
    let trial = Trial { course, ready: ready(course)?, sandbox, honest: Mutex::default() };
    let out = Mutex::new(out);
    let numbered: Vec<(usize, &Attack)> = wanted.into_iter().enumerate().collect();
    let found: Vec<Result<Vec<String>, AuthorError>> = in_lanes(&numbered, lanes(), |(number, attack)| {
        let started = Instant::now();
        let (comes_to, mut said) = match trial.of(*number, attack) {
            Err(AuthorError::Grading { why }) => ("no result".to_owned(), vec![why]),
            tried => tried?,
        };
        let seconds = started.elapsed().as_secs_f64();
        if seconds > LONGEST {
            said.push(format!("It took {seconds:.0} s."));
        }
        let mark = if said.is_empty() { ' ' } else { '!' };
        let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(out, "{mark} {:64} {comes_to:15} {seconds:5.1} s", attack.place())
            .map_err(AuthorError::at("write", Path::new("standard output")))?;
        Ok(said.into_iter().map(|said| format!("attack {}: {said}", attack.place())).collect())
    });
    for said in found {
        to_mend.extend(said?);
    }
    Ok(to_mend)
}

/// Writes the table of all attacks, and gives what is to be mended.
///
/// # Errors
///
/// Where something cannot be read or written.
pub fn write_table(course: &Course) -> Result<Vec<String>, AuthorError> {
    let (all, to_mend) = load(course)?;
    table::write(course, &all)?;
    Ok(to_mend)
}

/// The attacks in order of layer and name, and what is wrong with those that cannot be made.
fn load(course: &Course) -> Result<(Vec<Attack>, Vec<String>), AuthorError> {
    let (mut attacks, mut to_mend) = (Vec::new(), Vec::new());
    for layer in Layer::ALL {
        let folder = folder(course).join(layer.name());
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|e| e.path()).collect();
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(AuthorError::at("read", &path))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            match make(course, layer, name, &text) {
                Ok(attack) => attacks.push(attack),
                Err(why) => {
                    let shown = path.strip_prefix(&course.root).unwrap_or(&path);
                    to_mend.push(format!("{}: {}", shown.display(), why.trim_end()));
                }
            }
        }
    }
    Ok((attacks, to_mend))
}

fn make(course: &Course, layer: Layer, name: String, text: &str) -> Result<Attack, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    let (text, honest) = file.texts(&target(course, &file.exercise)?)?;
    Ok(Attack { name, layer, file, text, honest })
}

fn folder(course: &Course) -> PathBuf {
    course.root.join("solutions").join("attacks")
}

fn target<'c>(course: &'c Course, exercise: &str) -> Result<Target<'c>, String> {
    let found = targets(course, Some(exercise)).map_err(|e| e.to_string())?;
    found.into_iter().next().ok_or_else(|| format!("there is no {exercise}"))
}

impl Attack {
    /// `sandbox/writes_a_report`.
    fn place(&self) -> String {
        format!("{}/{}", self.layer.name(), self.name)
    }
}

/// What all attacks are tried with.
struct Trial<'a> {
    course: &'a Course,
    ready: Ready<'a>,
    sandbox: &'a Sandbox,
    /// Honest parts that were graded, by text and checks.
    honest: Mutex<BTreeMap<(String, Vec<String>), ExerciseResult>>,
}

impl Trial<'_> {
    /// What the attack comes to, and what is wrong with that.
    fn of(&self, number: usize, attack: &Attack) -> Result<(String, Vec<String>), AuthorError> {
        let work = work_folder(self.course);
        let file = &attack.file;
        let target = target(self.course, &file.exercise).map_err(|why| AuthorError::Grading { why })?;
        let mut said = Vec::new();
        let folder = work.join("answers").join(number.to_string());
        self.lay(&folder, &target, attack)?;
        if file.past_policy {
            let result = self.graded(attack, &folder, false)?;
            if exercise(&result, &target)?.verdict != Verdict::Refused {
                said.push("The policy does not refuse it.".to_owned());
            }
        }
        let before = Before::now(&self.course.root, &work);
        let result = self.graded(attack, &folder, file.past_policy)?;
        let left = before.since(&self.course.root, &work);
        said.extend(left.into_iter().map(|what| format!("While it ran, {what}.")));
        let own = exercise(&result, &target)?;
        said.extend(compare(file, own, &words(&result, own)));
        if own.checks.iter().any(|check| credit(check) > 0.0) {
            said.extend(undeserved(own, &self.honest(attack, &folder, &target)?));
        }
        if let Some(witness) = &file.witness {
            let target = self::target(self.course, witness).map_err(|why| AuthorError::Grading { why })?;
            let witness = comes_to(exercise(&result, &target)?);
            if witness != Verdict::Passed {
                said.push(format!("It costs another exercise, which comes to {witness}."));
            }
        }
        Ok((comes_to(own).to_string(), said))
    }

    /// What the honest part of `attack` comes to, laid in `folder` where it was not graded before.
    fn honest(&self, attack: &Attack, folder: &Path, target: &Target) -> Result<ExerciseResult, AuthorError> {
        let key = (attack.honest.clone(), attack.file.checks.clone());
        let known = || self.honest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = known().get(&key) {
            return Ok(result.clone());
        }
        empty(folder)?;
        let mut tree = Tree::default();
        tree.put(target.listed(), attack.honest.clone());
        tree.lay(folder)?;
        let result = exercise(&self.graded(attack, folder, true)?, target)?.clone();
        known().insert(key, result.clone());
        Ok(result)
    }

    /// Lays the submission: the attack's text as the listed file of `target`, with what lies beside it.
    fn lay(&self, folder: &Path, target: &Target, attack: &Attack) -> Result<(), AuthorError> {
        empty(folder)?;
        let mut tree = Tree::default();
        tree.put(target.listed(), attack.text.clone());
        if let Some(witness) = &attack.file.witness {
            let target = self::target(self.course, witness).map_err(|why| AuthorError::Grading { why })?;
            tree.copy(target.listed(), &self.course.root.join(target.solution()));
        }
        tree.lay(folder)?;
        attack.file.beside.iter().try_for_each(|one| one.lay(folder, &self.course.root))
    }

    fn graded(&self, attack: &Attack, folder: &Path, past_policy: bool) -> Result<CourseResult, AuthorError> {
        let failed = |why: String| AuthorError::Grading { why };
        let named: Vec<String> =
            [&attack.file.exercise].into_iter().chain(&attack.file.witness).cloned().collect();
        let request = Request {
            scope: Scope::parse(&named, self.course).map_err(|e| failed(e.to_string()))?,
            submission: Some(folder.to_owned()),
            sandbox: self.sandbox.clone(),
            timed: if attack.file.is_timed() { Timed::All } else { Timed::NONE },
            run_skeletons: true,
            only: attack.file.checks.clone(),
            past_policy,
            build_limit: (attack.layer == Layer::Compiler).then_some(BUILD),
            of_many: true,
            ..Request::default()
        };
        self.ready.grade(&request, &mut Progress::quiet()).map_err(|e| failed(e.to_string()))
    }
}

/// Removes what was laid in `folder` before.
fn empty(folder: &Path) -> Result<(), AuthorError> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(AuthorError::at("remove", folder)(e)),
        _ => Ok(()),
    }
}

fn exercise<'r>(result: &'r CourseResult, target: &Target) -> Result<&'r ExerciseResult, AuthorError> {
    let assignment = result.assignments.iter().find(|a| a.id == target.assignment.folder);
    let found = assignment.and_then(|a| a.exercises.iter().find(|e| e.id == target.exercise.id));
    found.ok_or_else(|| AuthorError::Grading { why: format!("{} is not in the result", target.name()) })
}

/// What the exercise comes to in what was run of it.
fn comes_to(exercise: &ExerciseResult) -> Verdict {
    let run = exercise.checks.iter().filter(|c| !c.left_out).map(|c| c.verdict);
    Verdict::of_all(run).unwrap_or(exercise.verdict)
}

/// All that a report says of an exercise.
fn words(result: &CourseResult, exercise: &ExerciseResult) -> String {
    let notes = result.notes.iter().map(|note| note.text.as_str());
    let run = exercise.checks.iter().filter(|check| !check.left_out);
    let checks = run.map(|check| check.message.as_str());
    let all: Vec<&str> = notes.chain([exercise.message.as_str()]).chain(checks).collect();
    all.join("\n")
}

/// What an attack earns and its honest part does not.
fn undeserved(own: &ExerciseResult, honest: &ExerciseResult) -> Vec<String> {
    let due = |check: &CheckResult| honest.checks.iter().find(|c| c.id == check.id).map_or(0.0, credit);
    let more = own.checks.iter().filter(|c| !c.left_out && credit(c) > due(c) + NOISE);
    more.map(|c| format!("It earns {}, which its honest part does not.", local(&c.id))).collect()
}

/// What is wrong with an attack's result.
fn compare(file: &File, own: &ExerciseResult, words: &str) -> Vec<String> {
    let mut said = Vec::new();
    let came_to = comes_to(own);
    if came_to != file.verdict {
        said.push(format!("It comes to `{came_to}` and not to `{}`. {}", file.verdict, first_line(words)));
    }
    if !words.contains(&file.says) {
        said.push(format!("The report does not say {:?}. {}", file.says, first_line(words)));
    }
    for check in own.checks.iter().filter(|c| c.verdict.is_ours()) {
        said.push(format!("The grader broke on {}. {}", local(&check.id), check.message));
    }
    for lost in &file.loses {
        let check = own.checks.iter().find(|c| local(&c.id) == *lost);
        if check.is_none_or(|c| c.verdict == Verdict::Passed || c.left_out) {
            said.push(format!("It keeps {lost}."));
        }
    }
    said
}

/// The part of a check's points that it earned.
fn credit(check: &CheckResult) -> f64 {
    match check.verdict {
        Verdict::Passed => 1.0,
        _ if check.max > 0.0 => check.score / check.max,
        _ => 0.0,
    }
}

fn first_line(words: &str) -> &str {
    words.lines().find(|line| !line.is_empty()).unwrap_or("It says nothing.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fewer than this try too little of a layer.
    const FEWEST: usize = 8;

    #[test]
    fn every_attack_can_be_made_and_the_table_is_of_them() {
        let course =
            Course::find(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the course around the grader");
        // Students have none.
        if folder(&course).is_dir() {
            let (all, to_mend) = load(&course).expect("files that can be read");
            assert_eq!(to_mend, [""; 0]);
            for layer in Layer::ALL {
                let count = all.iter().filter(|attack| attack.layer == layer).count();
                assert!(count >= FEWEST, "{} attacks on {}", count, layer.name());
            }
            assert_eq!(table::stale(&course, &all), None);
        }
    }
}
