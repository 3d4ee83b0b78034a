//! Saves every report of a profile into a folder, given.

use crate::profile::Profile;
use crate::report::Symbols;
use crate::{dhat, html, pprof, summary};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Stacks that the text report shows.
const SHOWN: usize = 20;

/// A report could not be saved.
#[derive(Debug, thiserror::Error)]
#[error("can't write {}: {why}", path.display())]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub why: io::Error,
}

/// Writes `report.txt`, `report.html`, `dhat.json`, `profile.pb.gz` and `stacks.folded` into `folder`, which is made
/// if it is missing, and gives their paths in this order. A file is there whole or not at all.
///
/// # Errors
///
/// The first file that can't be written; those before it stay.
pub fn save(profile: &Profile, symbols: &dyn Symbols, folder: &Path) -> Result<[PathBuf; 5], SaveError> {
    fs::create_dir_all(folder).map_err(|why| SaveError { path: folder.to_owned(), why })?;
    let put = |name: &str, write: &dyn Fn(&mut Vec<u8>) -> io::Result<()>| {
        let path = folder.join(name);
        match whole(&path, write) {
            Ok(()) => Ok(path),
            Err(why) => Err(SaveError { path, why }),
        }
    };
    let text = |write: &dyn Fn(&mut String) -> std::fmt::Result, out: &mut Vec<u8>| {
        let mut text = String::new();
        write(&mut text).map_err(io::Error::other)?;
        out.extend_from_slice(text.as_bytes());
        Ok(())
    };
    Ok([
        put("report.txt", &|out| text(&|text| summary::write(profile, symbols, SHOWN, text), out))?,
        put("report.html", &|out| text(&|text| html::write(profile, symbols, text), out))?,
        put("dhat.json", &|out| text(&|text| dhat::write(profile, symbols, text), out))?,
        put("profile.pb.gz", &|out| pprof::write(profile, symbols, out))?,
        put("stacks.folded", &|out| text(&|text| profile.allocated.folded(symbols, text), out))?,
    ])
}

/// Writes beside, then renames: a reader sees all of it or nothing, and a full disk leaves nothing behind.
fn whole(path: &Path, write: &dyn Fn(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let written = fs::write(&beside, &bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = std::env::temp_dir().join(format!("lab1-reports-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("report.txt");
        let put = |text: &'static str| {
            move |out: &mut Vec<u8>| {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
        };
        whole(&path, &put("one")).expect("there is room");
        whole(&path, &put("two")).expect("there is room");
        assert!(whole(&path, &|_| Err(io::Error::other("full"))).is_err());
        // A folder stands in the way of the last step.
        fs::create_dir(folder.join("taken")).expect("a folder");
        assert!(whole(&folder.join("taken"), &put("three")).is_err());
        let mut left: Vec<_> =
            fs::read_dir(&folder).expect("a folder").flatten().map(|file| file.file_name()).collect();
        left.sort_unstable();
        assert_eq!(
            (left, fs::read_to_string(&path).ok().as_deref()),
            (vec!["report.txt".into(), "taken".into()], Some("two"))
        );
        fs::remove_dir_all(&folder).expect("a folder");
    }
}
