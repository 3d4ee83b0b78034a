//! What an attack left behind: files outside of the grader's own folders, and processes.
//!
//! An attack that writes names its file after [`MARK`], so that nothing else that goes on on the machine
//! counts as its doing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What is in the name of every file that an attack tries to make.
pub const MARK: &str = "of-an-attack";

/// Where attacks try to leave something.
const SHARED: [&str; 4] = ["/tmp", "/var/tmp", "/dev/shm", "/"];

/// What there was before.
#[derive(Debug, PartialEq, Eq)]
pub struct Before {
    /// Files of the grader that no grading changes, and when each was changed last.
    kept: BTreeMap<PathBuf, Option<SystemTime>>,
}

impl Before {
    /// What there is now in the course `root`, whose work folder is `work`.
    pub fn now(root: &Path, work: &Path) -> Before {
        let changed = |path: PathBuf| {
            let time = std::fs::symlink_metadata(&path).and_then(|meta| meta.modified()).ok();
            (path, time)
        };
        let reports = ["report.json", "report.html"].map(|name| work.join(name));
        let course = names(root).into_iter().filter(|path| path.is_file());
        let judges = names(work).into_iter().filter(|path| path.is_file());
        let judges = judges.filter(|path| path.extension().is_some_and(|e| e == "json"));
        Before { kept: reports.into_iter().chain(course).chain(judges).map(changed).collect() }
    }

    /// What has changed since, and which drivers under `work` run on without their judge, in parts of sentences.
    pub fn since(&self, root: &Path, work: &Path) -> Vec<String> {
        let mut said = Vec::new();
        let now = Before::now(root, work);
        for (path, _) in now.kept.iter().filter(|(path, time)| self.kept.get(*path) != Some(*time)) {
            said.push(format!("{} was written", path.display()));
        }
        let places = SHARED.map(PathBuf::from).into_iter().chain([root.to_owned(), work.to_owned()]);
        let made =
            places.flat_map(|place| names(&place)).filter(|path| path.to_string_lossy().contains(MARK));
        for path in made {
            said.push(format!("{} was made", path.display()));
            // So that the next attack is not charged for it.
            let _ = std::fs::remove_file(&path);
        }
        let running: Vec<String> = running_below(work).iter().map(u32::to_string).collect();
        if !running.is_empty() {
            said.push(format!("process {} was left to run on", running.join(" and ")));
        }
        said
    }
}

fn names(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Processes whose program lies in a worker's folder, and whose parent has ended. What was just killed is given a moment to end.
fn running_below(work: &Path) -> Vec<u32> {
    for _ in 0..20 {
        if found(work).is_empty() {
            return Vec::new();
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    found(work)
}

fn found(work: &Path) -> Vec<u32> {
    let ids = names(Path::new("/proc")).into_iter().filter_map(|path| {
        let id = path.file_name()?.to_str()?.parse().ok()?;
        let program = std::fs::read_link(path.join("exe")).ok()?;
        let worker = program.strip_prefix(work).ok()?.to_string_lossy().starts_with("worker-");
        (worker && is_orphan(&path)?).then_some(id)
    });
    ids.collect()
}

/// Whether a process has come to the first one, or to this one, which takes in what judges leave.
fn is_orphan(process: &Path) -> Option<bool> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    // After the name, which ends at the last bracket: state, parent.
    let (_, rest) = stat.rsplit_once(')')?;
    let parent: u32 = rest.split_whitespace().nth(1)?.parse().ok()?;
    Some(parent == 1 || parent == std::process::id())
}
