//! Building an assignment's drivers: the plain one, and the one with feature `loom` beside it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Driver, Ground, Run};
use crate::cargo::{Build, Built, CargoError, Complaint, build};
use crate::drivers::{Files, Settled, settle};
use crate::error::GradeError;
use crate::marks::Block;
use crate::run::Setting;
use crate::stage::{Chosen, StageError, driver_tree};
use crate::tree::Hash;
use crate::verdict::Verdict;

/// Wall clock for a driver's build with all it stands on, and for one of the student's code alone, which takes some
/// seconds.
pub(super) const COLD_BUILD: Duration = Duration::from_secs(900);
const WARM_BUILD: Duration = Duration::from_secs(60);

impl Run<'_> {
    /// Whether nothing is timed on what is built.
    pub(super) fn is_rough(&self) -> bool {
        self.of_many && self.timed.is_none()
    }

    // Builds the driver; an inner `Err` says why the course's own files do not build.
    pub(super) fn driver(
        &self,
        ground: &mut Ground,
        loom: bool,
    ) -> Result<Result<Driver, String>, GradeError> {
        let Some(binary) = ground.package.driver.clone() else {
            return Ok(Err(format!("{} has no binary at src/bin/driver.rs", ground.package.name)));
        };
        let folder = ground.assignment.folder.clone();
        let tree = self.worker.tree();
        let rough = self.is_rough();
        let manner = if rough { "-rough" } else { "" };
        let stamp = format!("warm-{}-{}{manner}", ground.package.name, &self.bench.course_hash[..12]);
        let warm = |loom| self.worker.target(loom).join(&stamp);
        let listed: BTreeMap<String, String> =
            ground.rubric.exercises.iter().map(|e| (format!("{folder}/{}", e.file), e.id.clone())).collect();
        let features = [ground.features(false), ground.features(true)];
        let own = |loom: bool, files: &Files| {
            let _busy = self.busy();
            // Skeletons come to an end.
            let short = self.build_limit.filter(|_| !files.is_empty());
            let limit = if warm(loom).exists() { short.unwrap_or(WARM_BUILD) } else { COLD_BUILD };
            let env = environment(submission_of(files), loom || rough);
            build(&Build {
                tree: &tree,
                target: &self.worker.target(loom),
                packages: vec![ground.package.name.clone()],
                targets: vec!["--lib".into(), "--bin".into(), binary.clone()],
                features: features[usize::from(loom)].clone(),
                env,
                limit,
            })
            .inspect(|built| {
                if matches!(built, Built::Done(_)) {
                    // Only decides how long the next build may take, so a failure to write it is none.
                    let _ = std::fs::write(warm(loom), "");
                }
            })
            .map(|built| self.started(built, &binary))
        };
        let mut ahead = ground.ahead.take();
        let mut both = ground.wants_loom;
        let mut make = |files: &Files| -> Result<Built, GradeError> {
            if loom && let Some((_, built)) = ahead.take_if(|(built, _)| built == files) {
                return Ok(built);
            }
            let chosen: Chosen =
                files.iter().map(|(id, text)| ((folder.clone(), id.clone()), text.clone())).collect();
            driver_tree(self.course, self.workspace, &chosen)?.lay(&tree).map_err(StageError::from)?;
            if !std::mem::take(&mut both) {
                return Ok(own(loom, files)?);
            }
            // Much of either build is one crate after the other, so two take little longer than one.
            let (plain, other) = std::thread::scope(|scope| {
                let other = scope.spawn(|| own(true, files));
                (own(false, files), other.join())
            });
            // A build that could not be asked for is asked for again when it is needed, and says why then.
            ahead = other.ok().and_then(Result::ok).map(|built| (files.clone(), built));
            Ok(plain?)
        };
        loop {
            let settled = match settle(&ground.present, &listed, &mut make) {
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
            ground.ahead = ahead;
            return Ok(Ok(Driver { artifacts, path, chosen, submission }));
        }
    }

    // What was built, if its driver starts.
    fn started(&self, built: Built, binary: &str) -> Built {
        let Built::Done(artifacts) = &built else { return built };
        let starts = artifacts.executables.get(binary).map(|driver| self.sandbox.starts(driver));
        match starts {
            Some(Ok(false)) => {
                let rendered =
                    "The driver does not start within its memory. Look for a large static.".to_owned();
                Built::Refused(vec![Complaint { rendered, code: None, places: Vec::new() }])
            }
            _ => built,
        }
    }

    // Builds the loom driver into `setting`. Gives whose concurrency checks cannot run, and why.
    pub(super) fn loom(
        &self,
        ground: &mut Ground,
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
            asked: ground.asked.clone(),
            wants_loom: false,
            ahead: ground.ahead.take(),
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

/// What Cargo and the compiler are told of a submission's build.
///
/// A `rough` one leaves out optimising across units, which is two thirds of what compiling a driver again takes: models and
/// what is not timed do not feel it.
pub(super) fn environment(submission: String, rough: bool) -> Vec<(&'static str, String)> {
    let mut told = vec![("GRADE_SUBMISSION", submission)];
    told.extend(rough.then(|| ("CARGO_PROFILE_DEV_LTO", "off".to_owned())));
    told
}

fn submission_of(files: &Files) -> String {
    let mut hash = Hash::default();
    for (id, text) in files {
        hash.part(id.as_bytes());
        hash.part(text.as_bytes());
    }
    hash.hex()
}
