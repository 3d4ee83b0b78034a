//! What the processes of a run left in its folder, each under a name of its own: `PID-BEGAN.ENDING`, where the moment at
//! which it began is in nanoseconds since 1970, in hexadecimal.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Files of a run; those of earlier ones in the same folder are left alone.
#[derive(Debug, Default)]
pub struct Left {
    /// Profiles, in order.
    pub profiles: Vec<PathBuf>,
    /// Why profiles could not be written, one for each.
    pub failed: Vec<io::Error>,
    /// Recorded events.
    pub events: Vec<PathBuf>,
    /// Why events could not be written.
    pub lost: Vec<io::Error>,
}

/// A folder that can't be read; a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}.", folder.display())]
pub struct LeftError {
    folder: PathBuf,
    why: io::Error,
}

impl Left {
    /// What is in `folder` of processes that began at `began` or later.
    ///
    /// # Errors
    ///
    /// [`LeftError`].
    pub fn since(began: SystemTime, folder: &Path) -> Result<Self, LeftError> {
        let unreadable = |why| LeftError { folder: folder.to_owned(), why };
        let began = began.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let mut left = Self::default();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let Some((time, error, ending)) = parse(&path) else { continue };
            let error = || io::Error::from_raw_os_error(error);
            match ending {
                _ if time < began => {}
                "heap" => left.profiles.push(path),
                "failed" => left.failed.push(error()),
                "events" => left.events.push(path),
                "lost" => left.lost.push(error()),
                _ => {}
            }
        }
        left.profiles.sort();
        Ok(left)
    }
}

/// A name's parts: when the process began, the system's error if it tells one, as in `12-34.28.failed`, the ending.
fn parse(path: &Path) -> Option<(u128, i32, &str)> {
    let mut parts = path.file_name().and_then(OsStr::to_str)?.split('.');
    let (_, began) = parts.next()?.split_once('-')?;
    let began = u128::from_str_radix(began, 16).ok()?;
    let ending = parts.next_back()?;
    Some((began, parts.next().and_then(|error| error.parse().ok()).unwrap_or(0), ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_earlier_runs_are_left_alone() {
        let folder = std::env::temp_dir().join(format!("left-{}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder");
        let began = SystemTime::now();
        let now = began.duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
        let name = |process: u32, began: u128, ending: &str| format!("{process}-{began:x}.{ending}");
        let names = [
            name(2, now + 1, "heap"),
            name(1, now, "heap"),
            name(1, now - 1, "heap"),
            name(1, now, "28.failed"),
            name(1, now, "events"),
            name(1, now - 1, "events"),
            name(1, now, "27.lost"),
            "report.txt".to_owned(),
            "heap".to_owned(),
        ];
        names.iter().for_each(|name| drop(std::fs::File::create(folder.join(name)).expect("a file")));
        let left = Left::since(began, &folder);
        std::fs::remove_dir_all(&folder).expect("the folder is there");
        let left = left.expect("a readable folder");
        let paths = |of: &[usize]| of.iter().map(|at| folder.join(&names[*at])).collect::<Vec<_>>();
        let errors = |of: &[io::Error]| of.iter().map(io::Error::raw_os_error).collect::<Vec<_>>();
        assert_eq!((left.profiles, left.events), (paths(&[1, 0]), paths(&[4])));
        assert_eq!((errors(&left.failed), errors(&left.lost)), (vec![Some(28)], vec![Some(27)]));
        assert!(Left::since(began, &folder).is_err_and(|error| error.to_string().contains("left-")));
    }
}
