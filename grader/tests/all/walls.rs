//! What a driver can still do behind the walls of this machine.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use grader::sandbox::{Layer, Sandbox};

/// Compiles a program, and runs it behind the walls that this machine has, after the launcher's `words`.
fn behind_walls(folder: &Path, launcher: &str, words: &[&str]) -> String {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/escapes.rs");
    let (program, secret) = (folder.join("escapes"), folder.join("secret"));
    std::fs::write(&secret, "the hidden tests").unwrap();
    let mut compile = Command::new("rustc");
    compile.args(["--edition", "2024", source, "-o"]).arg(&program).env("SECRET", &secret);
    assert!(compile.status().unwrap().success(), "the program does not compile");
    let output = Command::new(launcher).args(words).arg(&program).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_driver_behind_walls_reaches_nothing_and_its_threads_work() {
    let folder = tempfile::tempdir().unwrap();
    let launcher = env!("CARGO_BIN_EXE_launcher");
    let sandbox = Sandbox::probe(launcher.as_ref(), &[]);
    if !sandbox.is_whole() {
        eprintln!("not tested, since this machine's sandbox is not whole: {sandbox}");
        return;
    }
    let words = sandbox.words().unwrap();
    let words: Vec<&str> = words.lines().skip(1).collect();
    let said = behind_walls(folder.path(), launcher, &words);
    let done: Vec<&str> = said.lines().filter(|line| line.ends_with(": done")).collect();
    assert!(done.is_empty(), "behind {sandbox} a driver could: {done:?}");
    assert_eq!(said.lines().filter(|line| line.ends_with(": refused")).count(), 16, "{said}");
    assert!(said.ends_with("threads: 6\n"), "{said}");
    assert!(!folder.path().join("secret.stolen").exists());
}

#[test]
fn a_program_behind_walls_forks_and_sees_its_folder_and_itself_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let launcher = env!("CARGO_BIN_EXE_launcher");
    let sandbox = Sandbox::probe(launcher.as_ref(), &[]);
    if !sandbox.is_whole() {
        eprintln!("not tested, since this machine's sandbox is not whole: {sandbox}");
        return;
    }
    let words = sandbox.program_words().unwrap();
    let mut words: Vec<&str> = words.lines().skip(1).collect();
    words.extend([own.to_str().unwrap(), "TOLD=as an argument", "--"]);
    let said = behind_walls(&own, launcher, &words);
    let done: Vec<&str> = said.lines().filter_map(|line| line.strip_suffix(": done")).collect();
    assert_eq!(done, ["read a file", "read its own state", "fork"], "{said}");
    assert_eq!(said.lines().filter(|line| line.ends_with(": refused")).count(), 13, "{said}");
    assert!(said.ends_with("told: as an argument\n"), "{said}");
}

#[test]
fn the_level_of_a_machine_that_lacks_something_says_so() {
    let launcher = Path::new(env!("CARGO_BIN_EXE_launcher"));
    let without = Sandbox::probe(launcher, &[Layer::Files]);
    assert!(!without.is_whole());
    assert!(!without.to_string().contains("Landlock"), "{without}");
    assert_eq!(Sandbox::probe(launcher, &Layer::ALL), Sandbox::default());
    assert_eq!(Sandbox::probe(Path::new("/nowhere"), &[]).to_string(), "unsandboxed");
}
