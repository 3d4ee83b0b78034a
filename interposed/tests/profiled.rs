//! Programs under lab 1's profiler, from the command line to what it leaves: also before any of its exercises is
//! answered, the program is unharmed and its trace is whole.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use driverkit::heap::Command as Operation;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use traces::Trace;

/// The folder of built programs. Cargo builds no other package's for a test, so the first who asks does.
fn built() -> &'static Path {
    static BUILT: OnceLock<&Path> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_blocks")).parent().expect("a folder");
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args([
            "build",
            "--quiet",
            "--offline",
            "-p",
            "lab1-profiler",
            "-p",
            "lab1-preload",
            "-p",
            "lab1-built-in",
        ]);
        build.args(folder.ends_with("release").then_some("--release"));
        let status = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(status.is_ok_and(|status| status.success()), "the profiler does not build");
        folder
    })
}

/// A folder that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    /// Runs a program under the profiler. No process may write a larger file than `most` bytes.
    fn profiled(&self, program: &str, arguments: [&str; 3], most: u64) -> Output {
        let mut command = Command::new(built().join("profile"));
        command.arg("run").arg("--out").arg(self.0.join("out")).arg("--record").arg(self.trace());
        command.args((program == "built_in").then_some("--built-in"));
        command.arg(built().join(program)).args(arguments).env_remove("CARGO");
        let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
        let prepare = move || {
            // SAFETY: a valid limit; ignoring a signal runs no code of ours.
            unsafe {
                libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit);
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            }
            Ok(())
        };
        // SAFETY: two system calls.
        unsafe { command.pre_exec(prepare) }.output().expect("the profiler starts")
    }

    fn trace(&self) -> PathBuf {
        self.0.join("trace.rep.zst")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Allocations, frees and reallocations of a recorded run.
fn recorded(program: &str, threads: &str, rounds: &str) -> ([u64; 3], [u64; 3]) {
    let scratch = Scratch::new(&format!("recorded-{program}-{threads}-{rounds}"));
    let output = scratch.profiled(program, [threads, rounds, "0"], libc::RLIM_INFINITY);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.split_whitespace().skip(1).map(|word| word.parse().expect("a number"));
    let printed = std::array::from_fn(|_| words.next().expect("a figure"));
    let trace = Trace::read(&scratch.trace()).unwrap_or_else(|error| panic!("{error}; {said}"));
    let mut counts = [0; 3];
    for operation in &trace.commands {
        match operation {
            Operation::Allocate { .. } => counts[0] += 1,
            Operation::Deallocate { .. } => counts[1] += 1,
            Operation::Reallocate { .. } => counts[2] += 1,
            other => panic!("{other:?} is in no trace"),
        }
    }
    (printed, counts)
}

/// Holds a program's trace against what it did.
fn has_each_call(program: &str) {
    for threads in ["1", "8"] {
        // As many digits, since the argument is a block of the program's too.
        let (printed, counts) = recorded(program, threads, "20000");
        let (_, besides) = recorded(program, threads, "00000");
        for kind in 0..3 {
            assert_eq!(counts[kind], printed[kind] + besides[kind], "kind {kind}, {threads} threads");
        }
    }
}

#[test]
fn a_trace_has_each_call_of_a_program_with_threads() {
    has_each_call("blocks");
}

#[test]
fn a_trace_has_each_call_of_a_program_with_the_profiler_in_it_to_the_last_destructor() {
    has_each_call("built_in");
}

#[test]
fn where_nothing_can_be_written_a_line_tells_so_and_the_program_is_unharmed() {
    let scratch = Scratch::new("full");
    let whole = scratch.profiled("blocks", ["4", "20000", "2"], libc::RLIM_INFINITY);
    assert!(scratch.trace().exists());
    std::fs::remove_file(scratch.trace()).expect("the trace is ours");
    let full = scratch.profiled("blocks", ["4", "20000", "2"], 100);
    let said = String::from_utf8_lossy(&full.stderr);
    assert_eq!((full.stdout, full.status), (whole.stdout, whole.status), "{said}");
    assert!(said.contains("profiles could not be written: File too large"), "{said}");
    assert!(said.contains("no trace: its events could not be written (File too large"), "{said}");
    assert!(said.lines().filter(|line| line.contains("not affected")).count() == 2, "{said}");
    assert!(!scratch.trace().exists());
}

/// What a run of `blocks` without children prints, and the calls that a profiler which samples served.
fn sampled(rounds: &str, mean: &str) -> (Output, [u64; 3]) {
    let mut command = Command::new(built().join("blocks"));
    // To standard error, on which the program prints nothing.
    let profile = format!("sample={mean}:#2");
    command.args(["4", rounds, "0"]).env("LAB1_PROFILE", profile);
    let output = command.env("LD_PRELOAD", built().join("liblab1_preload.so")).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Its number, then allocations, frees and reallocations.
    let mut words = said.split(' ').skip(1).map(|word| word.parse().expect("a number"));
    let served = std::array::from_fn(|_| words.next().unwrap_or_else(|| panic!("`{said}` is no account")));
    (output, served)
}

#[test]
fn programs_print_the_same_where_few_of_their_calls_are_looked_at() {
    let plain = |rounds| Command::new(built().join("blocks")).args(["4", rounds, "0"]).output();
    let plain = plain("20000").expect("it starts");
    let text = String::from_utf8_lossy(&plain.stdout).into_owned();
    let printed: Vec<u64> =
        text.split_whitespace().skip(1).map(|word| word.parse().expect("a number")).collect();
    for mean in ["1", "300", "524288"] {
        let (output, served) = sampled("20000", mean);
        assert_eq!((&output.stdout, output.status), (&plain.stdout, plain.status), "a byte in {mean}");
        // As many digits, since the argument is a block of the program's too.
        let (_, besides) = sampled("00000", mean);
        for kind in 0..3 {
            assert_eq!(served[kind], printed[kind] + besides[kind], "kind {kind}, a byte in {mean}");
        }
    }
}
