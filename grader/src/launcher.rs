//! The binary that drivers are started with: a small one beside the grader's own, where that can be had.
//!
//! `cargo run` builds the grader's own binary alone, so the small one is built here, once after each change of the
//! grader. Both put up the same walls by the same code; the small one starts sooner, and there is one start a driver.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::cargo::build_beside;

/// The small binary's name for Cargo.
const NAME: &str = "launcher";

/// The binary to start drivers with: the running one where the small one cannot be built.
///
/// # Errors
///
/// Where the running binary cannot be told.
pub fn launcher() -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let small = own.with_file_name(NAME);
    let there = is_current(&small, &own) || (build_beside(NAME, &own) && mark_current(&small).is_ok());
    Ok(if there { small } else { own })
}

/// Cargo builds a binary anew when anything that it is made of has changed: one that is older than the grader may be
/// made of something older.
fn is_current(small: &Path, own: &Path) -> bool {
    let time = |path: &Path| path.metadata().and_then(|known| known.modified());
    matches!((time(small), time(own)), (Ok(small), Ok(own)) if small >= own)
}

/// Cargo leaves the time stamp of what it finds fresh.
fn mark_current(small: &Path) -> io::Result<()> {
    std::fs::File::options().append(true).open(small)?.set_modified(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_that_is_older_than_the_grader_is_built_again() {
        let folder = tempfile::tempdir().unwrap();
        let (small, own) = (folder.path().join("launcher"), folder.path().join("grader"));
        std::fs::write(&small, "").unwrap();
        assert!(!is_current(&small, &own), "there is no grader to compare with");
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&own, "").unwrap();
        assert!(!is_current(&small, &own));
        mark_current(&small).unwrap();
        assert!(is_current(&small, &own));
    }
}
