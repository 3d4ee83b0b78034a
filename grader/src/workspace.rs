//! The course's Cargo workspace: which crates an assignment stands on, and manifests cut down to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;
use toml::{Table, Value};

/// The workspace that the course is.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its folder.
    pub root: PathBuf,
    manifest: Table,
}

/// What the grader has to know of an assignment's package.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name for Cargo.
    pub name: String,
    /// Its library's name in Rust.
    pub library: String,
    /// The binary at `src/bin/driver.rs`; `None` where there is none yet.
    pub driver: Option<String>,
    /// Its features. `loom` is for the driver of models, `driver` for what only a driver stands on, and an exercise's id for
    /// a driver that answers for it.
    pub features: BTreeSet<String>,
    /// The edition that its code is written in.
    pub edition: String,
    /// The crates that its code can name, by their names in Rust.
    pub crates: Vec<String>,
}

/// Which dependencies are followed and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The library and its binaries: all that a driver is made of.
    Sources,
    /// The library and its tests: all that a judge is made of.
    Tests,
}

/// Why the workspace cannot be used.
#[derive(Debug, Error, Diagnostic)]
pub enum WorkspaceError {
    /// A manifest cannot be read.
    #[error("cannot read {}", path.display())]
    #[diagnostic(help("the course is incomplete: get this file from the course again"))]
    Read {
        /// The manifest.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A manifest is not one.
    #[error("{} is not a manifest: {reason}", path.display())]
    #[diagnostic(help("get this file from the course again, or correct it"))]
    Malformed {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Workspace {
    /// The workspace in `root`.
    pub fn load(root: &Path) -> Result<Workspace, WorkspaceError> {
        let manifest = read(&root.join("Cargo.toml"))?;
        Ok(Workspace { root: root.to_owned(), manifest })
    }

    /// What there is to know of the package in `folder`.
    pub fn package(&self, folder: &str) -> Result<Package, WorkspaceError> {
        let path = self.root.join(folder).join("Cargo.toml");
        let manifest = read(&path)?;
        let package = table(&manifest, &["package"]);
        let name = package.and_then(|p| p.get("name")).and_then(Value::as_str);
        let Some(name) = name.map(str::to_owned) else {
            return Err(WorkspaceError::Malformed { path, reason: "it has no package name".into() });
        };
        let library = table(&manifest, &["lib"]).and_then(|l| l.get("name")).and_then(Value::as_str);
        let edition = package
            .and_then(|p| p.get("edition"))
            .and_then(Value::as_str)
            .or_else(|| table(&self.manifest, &["workspace", "package"])?.get("edition")?.as_str());
        let bins = manifest.get("bin").and_then(Value::as_array);
        let driver = bins.into_iter().flatten().find_map(|b| {
            let at_driver = b.get("path").and_then(Value::as_str) == Some("src/bin/driver.rs");
            b.get("name").and_then(Value::as_str).filter(|_| at_driver).map(str::to_owned)
        });
        let features = table(&manifest, &["features"]);
        Ok(Package {
            library: library.map_or_else(|| name.replace('-', "_"), str::to_owned),
            edition: edition.unwrap_or("2015").to_owned(),
            features: features.into_iter().flat_map(Table::keys).cloned().collect(),
            crates: dependencies(&manifest, false).iter().map(|(name, _)| name.replace('-', "_")).collect(),
            driver,
            name,
        })
    }

    /// The folders of the crates within the workspace that `folders` stand on, themselves included.
    pub fn closure(&self, folders: &[&str], keep: Keep) -> Result<BTreeSet<String>, WorkspaceError> {
        let mut found = BTreeSet::new();
        let mut open: Vec<String> = folders.iter().map(|f| (*f).to_owned()).collect();
        while let Some(folder) = open.pop() {
            if !found.insert(folder.clone()) {
                continue;
            }
            let manifest = read(&self.root.join(&folder).join("Cargo.toml"))?;
            // What a dependency's own tests need is of no use here.
            let tests = keep == Keep::Tests && folders.contains(&folder.as_str());
            for (name, value) in dependencies(&manifest, tests) {
                if let Some(inner) = self.path_of(&folder, name, value) {
                    open.push(inner);
                }
            }
        }
        Ok(found)
    }

    /// The root manifest with those members.
    pub fn root_manifest(&self, members: &BTreeSet<String>) -> String {
        let mut manifest = self.manifest.clone();
        if let Some(Value::Table(workspace)) = manifest.get_mut("workspace") {
            let list = members.iter().cloned().map(Value::String).collect();
            workspace.insert("members".into(), Value::Array(list));
            workspace.remove("default-members");
            workspace.remove("exclude");
        }
        if let Some(Value::Table(profiles)) = manifest.get_mut("profile") {
            let unknown = |name: &str| self.is_member(name) && !members.contains(name);
            for profile in profiles.iter_mut().filter_map(|(_, p)| p.as_table_mut()) {
                if let Some(Value::Table(packages)) = profile.get_mut("package") {
                    // Cargo warns of a profile for a package that is not there.
                    packages.retain(|name, _| !unknown(name));
                }
            }
        }
        manifest.to_string()
    }

    /// The manifest of the crate in `folder`, without what `keep` leaves out.
    ///
    /// Binaries stay out where tests are kept, since Cargo builds all of them with any test.
    pub fn member_manifest(&self, folder: &str, keep: Keep) -> Result<String, WorkspaceError> {
        let mut manifest = read(&self.root.join(folder).join("Cargo.toml"))?;
        manifest.remove("bench");
        manifest.remove("example");
        match keep {
            Keep::Sources => {
                manifest.remove("test");
            }
            Keep::Tests => {
                manifest.remove("bin");
                if let Some(Value::Table(package)) = manifest.get_mut("package") {
                    package.insert("autobins".into(), Value::Boolean(false));
                    package.remove("default-run");
                }
            }
        }
        if keep == Keep::Sources {
            remove_dev_dependencies(&mut manifest);
        }
        Ok(manifest.to_string())
    }

    fn is_member(&self, name: &str) -> bool {
        let members = table(&self.manifest, &["workspace"]).and_then(|w| w.get("members")?.as_array());
        members.into_iter().flatten().any(|m| m.as_str() == Some(name))
    }

    fn path_of(&self, folder: &str, name: &str, value: &Value) -> Option<String> {
        let inherited = value.get("workspace").and_then(Value::as_bool) == Some(true);
        let (base, value) = if inherited {
            (Path::new(""), table(&self.manifest, &["workspace", "dependencies"])?.get(name)?)
        } else {
            (Path::new(folder), value)
        };
        let path = base.join(value.get("path")?.as_str()?);
        let mut parts: Vec<&str> = Vec::new();
        for part in path.iter().filter_map(|p| p.to_str()) {
            match part {
                "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }
}

fn dependencies(manifest: &Table, tests: bool) -> Vec<(&String, &Value)> {
    let mut kinds = vec!["dependencies", "build-dependencies"];
    if tests {
        kinds.push("dev-dependencies");
    }
    let targets = table(manifest, &["target"]).into_iter().flat_map(|t| t.values());
    let tables: Vec<&Table> = targets.filter_map(Value::as_table).chain([manifest]).collect();
    tables.iter().flat_map(|t| kinds.iter().filter_map(|k| t.get(*k)?.as_table())).flatten().collect()
}

fn remove_dev_dependencies(manifest: &mut Table) {
    if let Some(Value::Table(targets)) = manifest.get_mut("target") {
        for (_, target) in targets.iter_mut() {
            if let Some(target) = target.as_table_mut() {
                target.remove("dev-dependencies");
            }
        }
    }
    manifest.remove("dev-dependencies");
}

fn table<'a>(root: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter().try_fold(root, |t, key| t.get(*key)?.as_table())
}

fn read(path: &Path) -> Result<Table, WorkspaceError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| WorkspaceError::Read { path: path.to_owned(), source })?;
    text.parse().map_err(|e: toml::de::Error| WorkspaceError::Malformed {
        path: path.to_owned(),
        reason: e.to_string().trim_end().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course() -> tempfile::TempDir {
        let temp = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = temp.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "Cargo.toml",
            "[workspace]\nmembers = ['a', 'kit', 'heap', 'b']\ndefault-members = ['kit']\n[workspace.package]\nedition = '2024'\n\
             [workspace.dependencies]\nheap = { path = 'heap' }\n[profile.dev.package.a]\nopt-level = 3\n[profile.dev.package.b]\nopt-level = 3\n",
        );
        write(
            "a/Cargo.toml",
            "[package]\nname = 'a'\nedition.workspace = true\n[[bin]]\nname = 'a-driver'\npath = 'src/bin/driver.rs'\n\
             [dependencies]\nheap.workspace = true\n[dev-dependencies]\nkit = { path = '../kit' }\ntrybuild = '1'\n\
             [features]\ndriver = []\nloom = []\nbuddy = []\n",
        );
        write("heap/Cargo.toml", "[package]\nname = 'heap'\n");
        write("kit/Cargo.toml", "[package]\nname = 'kit'\n[dev-dependencies]\nb = { path = '../b' }\n");
        temp
    }

    #[test]
    fn a_driver_stands_on_fewer_crates_than_a_judge() {
        let temp = course();
        let workspace = Workspace::load(temp.path()).unwrap();
        let names = |keep| workspace.closure(&["a"], keep).unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(names(Keep::Sources), ["a", "heap"]);
        assert_eq!(names(Keep::Tests), ["a", "heap", "kit"]);
    }

    #[test]
    fn manifests_are_cut_down_to_what_is_staged() {
        let temp = course();
        let workspace = Workspace::load(temp.path()).unwrap();
        let members = workspace.closure(&["a"], Keep::Sources).unwrap();
        let root: Table = workspace.root_manifest(&members).parse().unwrap();
        let listed = root["workspace"]["members"].as_array().unwrap().len();
        assert_eq!(listed, 2);
        assert!(root["workspace"].get("default-members").is_none());
        let profiles = root["profile"]["dev"]["package"].as_table().unwrap();
        assert!(profiles.contains_key("a") && !profiles.contains_key("b"));
        let holds = |keep, what| workspace.member_manifest("a", keep).unwrap().contains(what);
        assert!(holds(Keep::Sources, "a-driver") && !holds(Keep::Tests, "a-driver"));
        assert!(!holds(Keep::Sources, "kit") && holds(Keep::Tests, "kit"));
        assert!(!holds(Keep::Sources, "trybuild") && holds(Keep::Tests, "trybuild"));
    }

    #[test]
    fn a_package_is_known_by_its_manifest() {
        let temp = course();
        let package = Workspace::load(temp.path()).unwrap().package("a").unwrap();
        assert_eq!(package.driver.as_deref(), Some("a-driver"));
        assert_eq!((package.library.as_str(), package.edition.as_str()), ("a", "2024"));
        assert!(["loom", "driver", "buddy"].iter().all(|feature| package.features.contains(*feature)));
    }
}
