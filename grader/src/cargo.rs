//! Building with Cargo and asking rustc: offline, limited, and read by their JSON messages.
//!
//! It knows Cargo, and nothing of exercises.

mod unfinished;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use miette::Diagnostic;
use serde::Deserialize;
use thiserror::Error;

use crate::process::{Ended, Finished, Limits, run};
use unfinished::Unfinished;

/// A macro bomb shall end with a clear message before the machine swaps. Of address space, of which rustc
/// reserves more than it uses: for an answer and its driver 0.8 GiB on two processors, and some for each more.
const COMPILER_MEMORY: u64 = 4 << 30;
const MEMORY_A_PROCESSOR: u64 = 64 << 20;

/// Messages of a crate with a thousand errors.
const OUTPUT: usize = 16 << 20;

/// A build to make.
#[derive(Debug)]
pub struct Build<'a> {
    /// The workspace to build in.
    pub tree: &'a Path,
    /// The target folder.
    pub target: &'a Path,
    /// The packages.
    pub packages: Vec<String>,
    /// Which of its targets, as Cargo's arguments: `["--bin", "ps1-driver"]`.
    pub targets: Vec<String>,
    /// Its features, none of which is on by itself.
    pub features: Vec<String>,
    /// Set for Cargo and the compiler.
    pub env: Vec<(&'static str, String)>,
    /// Wall clock.
    pub limit: Duration,
}

/// What a build came to.
#[derive(Debug)]
pub enum Built {
    /// It is there.
    Done(Artifacts),
    /// The compiler refused, with these errors of the workspace's own crates.
    Refused(Vec<Complaint>),
    /// The compiler ended without a word of why: at the limit of time, or by a crash, as where it has no more
    /// memory or stack.
    Exhausted,
}

/// What a build left.
#[derive(Clone, Debug, Default)]
pub struct Artifacts {
    /// Binaries and tests by target name.
    pub executables: BTreeMap<String, PathBuf>,
    /// Libraries of the workspace's own crates by Rust name.
    pub libraries: BTreeMap<String, PathBuf>,
}

/// An error of the compiler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// As the compiler renders it.
    pub rendered: String,
    /// `E0382`.
    pub code: Option<String>,
    /// Files and lines of its primary spans, out of macros too. Relative to the workspace.
    pub places: Vec<(String, usize)>,
}

/// Why there is no answer of a compiler at all.
#[derive(Debug, Error, Diagnostic)]
pub enum CargoError {
    /// It could not be started.
    #[error("cannot start {program}")]
    #[diagnostic(help("install Rust by rustup, so that `{program}` can be run from this folder"))]
    NoStart {
        /// What was to be run.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Cargo gave up before it compiled anything of the workspace's.
    #[error("cargo could not build {packages}:\n{said}")]
    #[diagnostic(help(
        "builds are offline; where a dependency is missing, run `cargo fetch` once in the course's folder"
    ))]
    Setup {
        /// The packages.
        packages: String,
        /// Cargo's words.
        said: String,
    },
}

/// Builds.
pub fn build(wanted: &Build) -> Result<Built, CargoError> {
    let mut command = cargo();
    command.current_dir(wanted.tree);
    // A test target is built by `build` as well, and then nothing is run.
    command.args(["build", "--offline", "--message-format=json"]);
    command.args(wanted.packages.iter().flat_map(|package| ["--package", package]));
    command.args(&wanted.targets).arg("--target-dir").arg(wanted.target);
    command.args(["--no-default-features", "--features", &wanted.features.join(",")]);
    for (name, value) in &wanted.env {
        command.env(name, value);
    }
    let limits = Limits { wall: wanted.limit, output: OUTPUT, memory: Some(memory()) };
    let unfinished = Unfinished::begin(wanted.target);
    let done = start(&mut command, &limits)?;
    let (artifacts, complaints) = messages(&done.stdout, wanted.tree);
    // Cargo's last message, which it has only where it came as far as to compile.
    let compiled = json_lines::<Line>(&done.stdout).any(|line| line.reason == "build-finished");
    let built = match done.ended {
        Ended::TimedOut => return Ok(Built::Exhausted),
        Ended::Exited(0) => Ok(Built::Done(artifacts)),
        _ if !complaints.is_empty() => Ok(Built::Refused(complaints)),
        _ if compiled => return Ok(Built::Exhausted),
        _ => Err(CargoError::Setup { packages: wanted.packages.join(" and "), said: tail(&done.stderr) }),
    };
    unfinished.finish();
    built
}

fn memory() -> u64 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    COMPILER_MEMORY + MEMORY_A_PROCESSOR * processors as u64
}

/// Builds another binary of the grader's own package where `own`, the running one, was built, and tells whether it is
/// there now. Not where `own` is no binary of the profile `dev` at the place where Cargo puts them.
pub fn build_beside(name: &str, own: &Path) -> bool {
    let Some(target) = own.parent().filter(|folder| folder.ends_with("debug")).and_then(Path::parent) else {
        return false;
    };
    // With the flags that `own` was built with, whatever they are: others would build all that both stand on anew.
    let mut command = Command::new(cargo_path());
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["build", "--quiet", "--offline", "--package", env!("CARGO_PKG_NAME"), "--bin", name]);
    command.arg("--target-dir").arg(target);
    let limits = Limits { wall: Duration::from_secs(300), output: OUTPUT, memory: None };
    let done = start(&mut command, &limits);
    done.is_ok_and(|done| done.ended == Ended::Exited(0)) && own.with_file_name(name).is_file()
}

/// A snippet to compile against a built library.
#[derive(Debug)]
pub struct Snippet<'a> {
    /// The snippet.
    pub file: &'a Path,
    /// The edition that it is written in.
    pub edition: &'a str,
    /// What the library's build left.
    pub artifacts: &'a Artifacts,
    /// The target folder of that build.
    pub target: &'a Path,
    /// A folder for what the compiler writes.
    pub out: &'a Path,
}

/// Compiles a snippet as far as its types go, and gives the compiler's errors: none where it compiles.
pub fn check_snippet(snippet: &Snippet) -> Result<Option<Vec<Complaint>>, CargoError> {
    let mut command = clean(Command::new(rustc()));
    command.args([
        "--crate-name",
        "snippet",
        "--crate-type",
        "bin",
        "--emit=metadata",
        "--error-format=json",
    ]);
    command.args(["--cap-lints", "allow", "--edition", snippet.edition]);
    command.arg("--out-dir").arg(snippet.out);
    let mut search = OsString::from("dependency=");
    search.push(snippet.target.join("debug/deps"));
    command.arg("-L").arg(search);
    for (name, path) in &snippet.artifacts.libraries {
        let mut value = OsString::from(format!("{name}="));
        value.push(path);
        command.arg("--extern").arg(value);
    }
    command.arg(snippet.file);
    let limits = Limits { wall: Duration::from_secs(60), output: OUTPUT, memory: Some(memory()) };
    let done = start(&mut command, &limits)?;
    Ok(match done.ended {
        Ended::TimedOut => None,
        _ => Some(json_lines::<Diagnosis>(&done.stderr).filter_map(complaint).collect()),
    })
}

/// The compiler, as it names itself: `rustc 1.95.0 (59807616e 2026-04-14)`.
pub fn toolchain(folder: &Path) -> Result<String, CargoError> {
    let mut command = clean(Command::new(rustc()));
    command.current_dir(folder).arg("--version");
    let limits = Limits { wall: Duration::from_secs(60), output: OUTPUT, memory: None };
    let done = start(&mut command, &limits)?;
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

fn start(command: &mut Command, limits: &Limits) -> Result<Finished, CargoError> {
    let program = command.get_program().to_string_lossy().into_owned();
    run(command, limits).map_err(|source| CargoError::NoStart { program, source })
}

fn cargo() -> Command {
    clean(Command::new(cargo_path()))
}

fn cargo_path() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn rustc() -> OsString {
    // Beside the Cargo that runs us, where one does: the same toolchain, without rustup's start-up time.
    let beside = std::env::var_os("CARGO").map(|c| Path::new(&c).with_file_name("rustc"));
    beside.filter(|r| r.is_file()).map_or_else(|| "rustc".into(), PathBuf::into_os_string)
}

// What `cargo run` set for us must not be seen by a build of something else, and what a student set for
// compilers must not change a grade.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let ours = text.starts_with("CARGO_") && !matches!(&*text, "CARGO_HOME" | "CARGO_NET_OFFLINE");
        let flags = text.starts_with("RUSTC") || text.starts_with("RUSTFLAGS") || text.starts_with("GRADE_");
        if ours || flags || text == "LD_LIBRARY_PATH" || text == "LD_PRELOAD" {
            command.env_remove(&name);
        }
    }
    command.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
    command
}

fn messages(stdout: &[u8], tree: &Path) -> (Artifacts, Vec<Complaint>) {
    let mut artifacts = Artifacts::default();
    let mut complaints = Vec::new();
    for line in json_lines::<Line>(stdout) {
        let ours = line.manifest_path.starts_with(tree);
        match line.reason.as_str() {
            "compiler-artifact" => {
                if let Some(path) = line.executable {
                    artifacts.executables.insert(line.target.name, path);
                } else if ours && line.target.kind.iter().any(|k| k == "lib") {
                    // rustc reads types from .rmeta as well, but checks constants only with the .rlib.
                    let library =
                        line.filenames.into_iter().find(|f| f.extension().is_some_and(|e| e == "rlib"));
                    artifacts.libraries.extend(library.map(|l| (line.target.name.replace('-', "_"), l)));
                }
            }
            "compiler-message" if ours => complaints.extend(line.message.and_then(complaint)),
            _ => {}
        }
    }
    (artifacts, complaints)
}

fn complaint(message: Diagnosis) -> Option<Complaint> {
    // "aborting due to 2 previous errors" has no place and says nothing.
    if !message.level.starts_with("error") || message.message.starts_with("aborting due to") {
        return None;
    }
    let mut places = Vec::new();
    for span in message.spans.into_iter().filter(|s| s.is_primary) {
        let mut here = Some(span);
        while let Some(span) = here {
            places.push((span.file_name, span.line_start));
            here = span.expansion.map(|e| e.span);
        }
    }
    Some(Complaint {
        rendered: message.rendered.unwrap_or(message.message),
        code: message.code.map(|c| c.code),
        places,
    })
}

fn json_lines<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> impl Iterator<Item = T> + 'a {
    // A line that is none of Cargo's, or was cut at the cap, tells nothing.
    bytes.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok())
}

fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

#[derive(Deserialize)]
struct Line {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    target: Target,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    #[serde(default)]
    executable: Option<PathBuf>,
    #[serde(default)]
    message: Option<Diagnosis>,
}

#[derive(Default, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Diagnosis {
    message: String,
    level: String,
    #[serde(default)]
    code: Option<Code>,
    #[serde(default)]
    spans: Vec<Span>,
    #[serde(default)]
    rendered: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: usize,
    is_primary: bool,
    #[serde(default)]
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}
