//! A folder as data: what it shall hold, and making it so.
//!
//! Cargo judges freshness by time stamps, so [`Tree::lay`] writes a file only where its bytes differ and
//! never carries an old time stamp over: stale artefacts would grade one student on another's code.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use miette::Diagnostic;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// What a folder shall hold, by path within it.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: BTreeMap<PathBuf, Content>,
}

#[derive(Clone, Debug)]
enum Content {
    Copy(PathBuf),
    Bytes(Vec<u8>),
}

/// Why a folder could not be read or written.
#[derive(Debug, Error, Diagnostic)]
#[error("cannot {doing} {}", path.display())]
#[diagnostic(help("check the free space and the permissions of that folder, then run this again"))]
pub struct TreeError {
    doing: &'static str,
    path: PathBuf,
    source: std::io::Error,
}

impl TreeError {
    fn at(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> TreeError {
        let path = path.to_owned();
        move |source| TreeError { doing, path, source }
    }
}

impl Tree {
    /// Puts a file of those bytes in.
    pub fn put(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), Content::Bytes(bytes.into()));
    }

    /// Puts a copy of `from` in, where it exists.
    pub fn copy(&mut self, path: impl Into<PathBuf>, from: &Path) {
        if from.is_file() {
            self.files.insert(path.into(), Content::Copy(from.to_owned()));
        }
    }

    /// Puts in what the folder `from` holds, under `path`, without the top entries that `keep` refuses and
    /// without `target` folders and dot files.
    pub fn copy_folder(
        &mut self,
        path: &Path,
        from: &Path,
        keep: impl Fn(&str) -> bool,
    ) -> Result<(), TreeError> {
        let mut open = vec![PathBuf::new()];
        while let Some(inner) = open.pop() {
            let folder = from.join(&inner);
            let entries = std::fs::read_dir(&folder).map_err(TreeError::at("read", &folder))?;
            for entry in entries {
                let entry = entry.map_err(TreeError::at("read", &folder))?;
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let refused = inner.as_os_str().is_empty() && !keep(&name);
                if refused || name == "target" || name.starts_with('.') {
                    continue;
                }
                let at = inner.join(&name);
                let full = entry.path();
                if full.is_dir() {
                    open.push(at);
                } else if full.is_file() {
                    self.files.insert(path.join(&at), Content::Copy(full));
                }
            }
        }
        Ok(())
    }

    /// Takes out everything under `folder`.
    pub fn remove_folder(&mut self, folder: &Path) {
        self.files.retain(|path, _| !path.starts_with(folder));
    }

    /// Whether anything is under `folder`.
    pub fn has_folder(&self, folder: &Path) -> bool {
        self.files.keys().any(|path| path.starts_with(folder))
    }

    /// The paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }

    /// A hash of every path and byte.
    pub fn hash(&self) -> Result<String, TreeError> {
        let mut hash = Hash::default();
        for (path, content) in &self.files {
            hash.part(path.as_os_str().as_encoded_bytes());
            hash.part(&content.bytes()?);
        }
        Ok(hash.hex())
    }

    /// Makes the folder `root` hold this and nothing else.
    pub fn lay(&self, root: &Path) -> Result<(), TreeError> {
        std::fs::create_dir_all(root).map_err(TreeError::at("make", root))?;
        self.remove_what_is_not_listed(root)?;
        for (path, content) in &self.files {
            let to = root.join(path);
            let bytes = content.bytes()?;
            if same(&to, &bytes) {
                continue;
            }
            if let Some(folder) = to.parent() {
                std::fs::create_dir_all(folder).map_err(TreeError::at("make", folder))?;
            }
            std::fs::write(&to, &bytes).map_err(TreeError::at("write", &to))?;
        }
        Ok(())
    }

    fn remove_what_is_not_listed(&self, root: &Path) -> Result<(), TreeError> {
        let mut open = vec![PathBuf::new()];
        while let Some(inner) = open.pop() {
            let folder = root.join(&inner);
            for entry in std::fs::read_dir(&folder).map_err(TreeError::at("read", &folder))? {
                let entry = entry.map_err(TreeError::at("read", &folder))?;
                let at = inner.join(entry.file_name());
                let kind = entry.file_type().map_err(TreeError::at("read", &folder))?;
                let full = entry.path();
                if kind.is_dir() && self.has_folder(&at) {
                    open.push(at);
                } else if kind.is_dir() {
                    std::fs::remove_dir_all(&full).map_err(TreeError::at("remove", &full))?;
                } else if !kind.is_file() || !self.is_kept(&at) {
                    std::fs::remove_file(&full).map_err(TreeError::at("remove", &full))?;
                }
            }
        }
        Ok(())
    }

    // Cargo writes its own lock file beside the one that it was given; that one is no leftover.
    fn is_kept(&self, path: &Path) -> bool {
        self.files.contains_key(path) || path == Path::new("Cargo.lock")
    }
}

impl Content {
    fn bytes(&self) -> Result<Vec<u8>, TreeError> {
        match self {
            Content::Bytes(bytes) => Ok(bytes.clone()),
            Content::Copy(from) => std::fs::read(from).map_err(TreeError::at("read", from)),
        }
    }
}

fn same(path: &Path, bytes: &[u8]) -> bool {
    let Ok(mut file) = std::fs::File::open(path) else {
        return false;
    };
    let Ok(meta) = file.metadata() else {
        return false;
    };
    if !meta.is_file() || meta.len() != bytes.len() as u64 {
        return false;
    }
    let mut there = Vec::with_capacity(bytes.len());
    file.read_to_end(&mut there).is_ok() && there == bytes
}

/// Writes a file so that a reader sees the old bytes or the new ones, never a part. Processes and threads
/// that write the same file at once all succeed, and the last of them is what stays.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), TreeError> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(TreeError::at("make", folder))?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // Answers are graded side by side in one process: a name by the process alone would be theirs together.
    let nth = WRITTEN.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}-{nth}.tmp", std::process::id()));
    let beside = folder.join(name);
    std::fs::write(&beside, bytes).map_err(TreeError::at("write", &beside))?;
    std::fs::rename(&beside, path).map_err(TreeError::at("write", path))
}

/// A SHA-256 over parts, each with its length, so that no two lists of parts run together.
#[derive(Default)]
pub struct Hash(Sha256);

impl Hash {
    /// Adds a part.
    pub fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The hash as 64 hexadecimal digits.
    pub fn hex(self) -> String {
        self.0.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_laid_folder_holds_what_it_shall_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("stage");
        let mut tree = Tree::default();
        tree.put("a/kept.rs", "1");
        tree.put("b/gone.rs", "2");
        tree.lay(&root).unwrap();
        std::fs::write(root.join("a/stray.rs"), "3").unwrap();
        tree.remove_folder(Path::new("b"));
        tree.lay(&root).unwrap();
        assert!(root.join("a/kept.rs").is_file());
        assert!(!root.join("a/stray.rs").exists() && !root.join("b").exists());
    }

    #[test]
    fn threads_that_write_one_file_at_once_all_succeed() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("kept.json");
        std::thread::scope(|scope| {
            for digit in *b"0123" {
                let file = &file;
                scope.spawn(move || {
                    for _ in 0..100 {
                        write_atomically(file, &[digit; 4096]).unwrap();
                    }
                });
            }
        });
        let there = std::fs::read(&file).unwrap();
        assert!(there.len() == 4096 && there.iter().all(|b| *b == there[0]), "bytes of two writers");
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1, "a file beside it was left");
    }

    #[test]
    fn unchanged_bytes_are_not_written_again() {
        let temp = tempfile::tempdir().unwrap();
        let mut tree = Tree::default();
        tree.put("kept.rs", "1");
        tree.put("new.rs", "1");
        tree.lay(temp.path()).unwrap();
        let time = |name: &str| std::fs::metadata(temp.path().join(name)).unwrap().modified().unwrap();
        let (kept, new) = (time("kept.rs"), time("new.rs"));
        std::thread::sleep(std::time::Duration::from_millis(20));
        tree.put("new.rs", "2");
        tree.lay(temp.path()).unwrap();
        assert_eq!(time("kept.rs"), kept);
        assert!(time("new.rs") > new);
    }

    #[test]
    fn the_hash_tells_paths_and_bytes_apart() {
        let hash = |path: &str, bytes: &str| {
            let mut tree = Tree::default();
            tree.put(path, bytes);
            tree.hash().unwrap()
        };
        assert_eq!(hash("a", "bc"), hash("a", "bc"));
        assert_ne!(hash("a", "bc"), hash("ab", "c"));
    }
}
