//! Each trap that an interposer must not fall into, by a program that steps there.
//!
//! The programs run as they are, and with the library that counts before their heap. What they print and how they end
//! has to be the same; and the library must have served them.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// No program takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(60);

/// A line of the counting library's: what one process did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counts {
    allocations: u64,
    frees: u64,
    reallocations: u64,
    bytes: u64,
}

/// The folder of built programs and libraries. Cargo builds no `cdylib` for a test, so the first who asks does.
fn built() -> &'static Path {
    static BUILT: OnceLock<&Path> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_entries")).parent().expect("a folder");
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--offline", "-p", "interposed", "-p", "interposed-plugin", "--lib"]);
        build.args(folder.ends_with("release").then_some("--release"));
        let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(status.is_ok_and(|status| status.success()), "the libraries do not build");
        folder
    })
}

fn scratch(name: &str) -> PathBuf {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{number}", std::process::id()))
}

/// Runs a command to its end; a hang is a failure.
fn finish(command: &mut Command) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the program starts");
    let until = Instant::now() + LIMIT;
    // What these programs print fits a pipe.
    while child.try_wait().expect("our child").is_none() {
        if Instant::now() > until {
            let _ = child.kill();
            panic!("{command:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.wait_with_output().expect("the output")
}

/// Runs a program with the counting library; gives what it printed, how it ended, and what its processes did.
fn counted(program: &str, arguments: &[&str], more: &[(&str, &str)]) -> (Output, Vec<Counts>) {
    let file = scratch("counts");
    let mut command = Command::new(built().join(program));
    command.args(arguments).env("LD_PRELOAD", built().join("libcounting.so")).env("COUNTING", &file);
    let output = finish(command.envs(more.iter().copied()));
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(&file);
    let line = |line: &str| {
        let numbers: Vec<u64> = line.split(' ').map(|word| word.parse().expect("a number")).collect();
        let [_, allocations, frees, reallocations, bytes] = numbers[..] else {
            panic!("`{line}` is no count")
        };
        Counts { allocations, frees, reallocations, bytes }
    };
    (output, text.lines().map(line).collect())
}

/// Runs a program without and with the library, and compares. Gives what its processes did.
fn same(program: &str, arguments: &[&str]) -> Vec<Counts> {
    let plain = finish(Command::new(built().join(program)).args(arguments));
    let (interposed, counts) = counted(program, arguments, &[]);
    let texts = |output: &Output| {
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    assert_eq!(texts(&interposed), texts(&plain), "{program} {arguments:?} prints something else");
    assert_eq!(interposed.status, plain.status, "{program} {arguments:?} ends otherwise");
    counts
}

#[test]
fn every_function_does_at_its_edges_what_the_c_library_does() {
    let counts = same("entries", &[]);
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert!(counts[0].allocations > 100 && counts[0].reallocations > 5, "{counts:?}");
}

/// What an end adds, beside the program's own: a constructor's block, a destructor of each of two threads, a handler.
#[test]
fn what_is_allocated_before_main_and_after_exit_is_counted() {
    let way = |way: &str| {
        let counts = same("ends", &[way]);
        assert_eq!(counts.len(), 1, "{way}: {counts:?}");
        counts[0]
    };
    let (returned, ended) = (way("return"), way("_exit"));
    // `_exit` skips the first thread's destructor, the handler and the last destructor; of these two allocate, and all
    // three free: the blocks that they allocated, the thread's own, and the constructor's.
    assert_eq!(returned.allocations - ended.allocations, 2, "{returned:?} {ended:?}");
    assert!(returned.frees - ended.frees >= 4, "{returned:?} {ended:?}");
    // The argument is a byte longer.
    assert_eq!(returned.bytes - ended.bytes, 5001, "{returned:?} {ended:?}");
}

#[test]
fn each_end_of_a_process_leaves_its_counts() {
    for way in ["return", "exit", "_exit", "quick_exit", "thread"] {
        assert_eq!(same("ends", &[way]).len(), 1, "{way}");
    }
    for way in ["abort", "kill"] {
        assert_eq!(same("ends", &[way]), [], "{way} gives no time to count");
    }
}

#[test]
fn each_exec_leaves_the_counts_of_the_program_before_it() {
    for way in ["exec", "execvp", "execl"] {
        let counts = same("ends", &[way]);
        assert_eq!(counts.len(), 2, "{way}: {counts:?}");
    }
    // With an empty environment nothing is preloaded.
    assert_eq!(same("ends", &["execle"]).len(), 1);
}

#[test]
fn a_program_whose_exec_fails_goes_on_and_is_counted_again() {
    let counts = same("ends", &["failed exec"]);
    let [first, last] = counts[..] else { panic!("{counts:?}") };
    assert!(last.allocations > first.allocations && last.frees > first.frees, "{counts:?}");
}

#[test]
fn many_threads_keep_their_bytes_and_what_they_hand_over() {
    let counts = same("threads", &["64", "200"]);
    assert_eq!(counts.len(), 1);
    // Each round moves a block.
    assert!(counts[0].reallocations > 64 * 200 / 2, "{counts:?}");
}

#[test]
fn children_of_a_program_with_threads_allocate_and_begin_at_zero() {
    let counts = same("forks", &["30"]);
    // Each child once, ten of them once more as another program, and their parent.
    assert_eq!(counts.len(), 41, "{counts:?}");
    let child = counts[0];
    assert!((99..200).contains(&child.allocations), "inherited its parent's counts: {child:?}");
}

#[test]
fn a_vforked_child_counts_as_its_parent_and_writes_nothing() {
    let counts = same("vforks", &[]);
    // Ten became programs, which end, and the parent.
    assert_eq!(counts.len(), 11, "{counts:?}");
}

#[test]
fn a_signal_handler_allocates_between_calls_and_in_the_midst_of_them() {
    assert_eq!(same("signals", &[]).len(), 1);
    let plain = finish(&mut Command::new(built().join("signals")));
    let (output, counts) = counted("signals", &[], &[("COUNTING_RAISE", "1")]);
    assert_eq!((output.stdout, output.status), (plain.stdout, plain.status));
    assert_eq!(counts.len(), 1);
}

#[test]
fn libraries_with_thread_local_variables_come_and_go() {
    let folder = scratch("plugins");
    std::fs::create_dir_all(&folder).expect("a folder");
    for number in 10..50 {
        let copy = folder.join(format!("plugin-{number}.so"));
        std::fs::copy(built().join("libplugin.so"), copy)
            .expect("the plugin is built: `cargo build -p interposed-plugin`");
    }
    let counts = same("libraries", &[folder.to_str().expect("a plain name")]);
    let _ = std::fs::remove_dir_all(&folder);
    assert_eq!(counts.len(), 1);
}

/// Ways that depend on luck are gone again and again.
#[test]
fn fifty_runs_of_fifty_are_the_same() {
    for run in 0..50 {
        for (program, arguments) in
            [("threads", &["16", "20"][..]), ("forks", &["4"]), ("ends", &["thread"]), ("vforks", &[])]
        {
            let counts = same(program, arguments);
            assert!(!counts.is_empty(), "run {run} of {program}");
        }
    }
}
