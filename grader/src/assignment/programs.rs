//! Building what an assignment's program checks run: libraries and binaries beside the driver.

use std::collections::BTreeMap;

use super::builds::{COLD_BUILD, environment};
use super::{Ground, Run};
use crate::cargo::{Build, Built, Complaint, build};
use crate::drivers::words;
use crate::error::GradeError;
use crate::marks::Block;
use crate::run::Setting;
use crate::verdict::Verdict;

impl Run<'_> {
    /// Builds the rubric's programs with the files that the driver was built with, and tells `setting` where they are.
    /// Gives whose program checks cannot run, and why.
    pub(super) fn programs(
        &self,
        ground: &Ground,
        setting: &mut Setting,
    ) -> Result<BTreeMap<String, Block>, GradeError> {
        let (tree, target) = (self.worker.tree(), self.worker.target(false));
        let folders = ground.rubric.programs.iter();
        let packages = folders.map(|folder| Ok(self.workspace.package(folder)?.name));
        let built = build(&Build {
            tree: &tree,
            target: &target,
            packages: packages.collect::<Result<_, GradeError>>()?,
            targets: Vec::new(),
            features: Vec::new(),
            env: environment(setting.submission.clone(), self.is_rough()),
            limit: COLD_BUILD,
        })?;
        match built {
            Built::Done(_) => {}
            Built::Refused(complaints) => return Ok(blamed(ground, &complaints)),
            Built::Exhausted => return Ok(blamed(ground, &[])),
        }
        // Where Cargo puts what its default profile builds.
        setting.programs = Some(target.join("debug"));
        Ok(BTreeMap::new())
    }
}

/// The driver builds with these files and a program does not: what only a program uses of them is at fault. Where the
/// compiler names none of them, we are.
fn blamed(ground: &Ground, complaints: &[Complaint]) -> BTreeMap<String, Block> {
    let exercises = || ground.rubric.exercises.iter();
    let named = exercises().filter_map(|exercise| {
        let path = format!("{}/{}", ground.assignment.folder, exercise.file);
        let own: Vec<&Complaint> =
            complaints.iter().filter(|c| c.places.iter().any(|(file, _)| *file == path)).collect();
        let block = || Block { verdict: Verdict::DoesNotBuild, message: words(own.iter().copied()) };
        (!own.is_empty()).then(|| (exercise.id.clone(), block()))
    });
    let named: BTreeMap<String, Block> = named.collect();
    if !named.is_empty() {
        return named;
    }
    let block = Block { verdict: Verdict::GraderBroke, message: words(complaints.iter()) };
    exercises().map(|exercise| (exercise.id.clone(), block.clone())).collect()
}
