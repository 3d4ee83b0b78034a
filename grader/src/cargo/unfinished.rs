//! Builds that did not come to their end, and what they leave in a target folder.
//!
//! A compiler that is killed may have written into files that it shares with the state of the build before, by hard
//! links. The next build takes that state for good, and fails to link, whatever its sources: one student's endless
//! constant would cost all who come after. So the state is thrown away unless the last build says that it ended.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// A build under way in a target folder.
#[derive(Debug)]
pub struct Unfinished {
    // None where nobody can tell: another grader builds here too, and Cargo has one wait for the other.
    note: Option<File>,
}

impl Unfinished {
    /// Begins a build, with what an unfinished one has left thrown away.
    pub fn begin(target: &Path) -> Unfinished {
        // Where the note cannot be written, neither can anything else, and Cargo says so.
        Unfinished { note: note(target).ok() }
    }

    /// The build came to its end, successful or not.
    pub fn finish(self) {
        if let Some(note) = self.note {
            // A note that stays costs the next build some seconds.
            let _ = note.set_len(0);
        }
    }
}

/// The note that a build is under way: it is empty while there is none, and locked by whoever writes it.
fn note(target: &Path) -> std::io::Result<File> {
    std::fs::create_dir_all(target)?;
    let path = target.join("unfinished");
    let mut note = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    note.try_lock()?;
    let state = target.join("debug").join("incremental");
    if note.metadata()?.len() > 0 && state.exists() {
        std::fs::remove_dir_all(state)?;
    }
    note.write_all(b"a build is under way, or was killed\n")?;
    Ok(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_unfinished_build_has_left_is_thrown_away() {
        let temp = tempfile::tempdir().unwrap();
        let state = temp.path().join("debug/incremental");
        std::fs::create_dir_all(&state).unwrap();
        Unfinished::begin(temp.path()).finish();
        let killed = Unfinished::begin(temp.path());
        assert!(state.exists(), "the build before had come to its end");
        let beside = Unfinished::begin(temp.path());
        assert!(state.exists(), "the build before is still under way");
        drop((killed, beside));
        Unfinished::begin(temp.path()).finish();
        assert!(!state.exists());
    }
}
