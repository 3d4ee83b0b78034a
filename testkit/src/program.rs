//! A program that runs with a submission's library preloaded: laid out, started, limited, read to its end.
//!
//! The submission's code is in the program's process, so nothing that the process says of itself is trusted alone: a
//! check compares what it prints and how it ends with a run without the library, and what it tells on the side
//! descriptor with what the program is known to do.

use crate::client::Home;
use crate::fault::{Fault, Judged};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The descriptor at which a program finds an empty file to append to.
pub const SIDE: i32 = 3;

/// How long a program may run. Those of the course take a second at most.
const LIMIT: Duration = Duration::from_secs(20);
/// The address space that each of its processes may have, in bytes: threads reserve far more than they use.
const ADDRESS_SPACE: u64 = 8 << 30;
/// How much of its output is kept, in bytes.
const OUTPUT: u64 = 1 << 20;

/// Programs and libraries of a course, in a folder of their own.
#[derive(Debug)]
pub struct Programs {
    folder: PathBuf,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ran {
    /// How.
    pub status: ExitStatus,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it complained of.
    pub stderr: Vec<u8>,
    /// What it appended to the file at [`SIDE`].
    pub side: Vec<u8>,
}

impl Programs {
    /// Copies `files`, which `packages` build, into a folder that a program behind walls may read. The grader built
    /// them; where there is no grader, they are built here.
    ///
    /// # Errors
    ///
    /// [`Fault::LeftOut`] where nothing can be preloaded; [`Fault::Broke`] where they can't be built or copied.
    pub fn lay(home: &Home, packages: &[&str], files: &[&str]) -> Judged<Self> {
        if !cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
            return Err(Fault::LeftOut(
                "Libraries are preloaded on Linux only, on x86-64 and AArch64.".to_owned(),
            ));
        }
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let built = match std::env::var_os("GRADE_PROGRAMS") {
            Some(folder) => folder.into(),
            None => build(home, packages).map_err(Fault::Broke)?,
        };
        let folder = std::env::temp_dir().join(format!("programs-{}-{number}", std::process::id()));
        let programs = Self { folder };
        let cannot = |error: io::Error| Fault::Broke(format!("can't copy programs: {error}"));
        fs::create_dir(&programs.folder).map_err(cannot)?;
        for file in files {
            fs::copy(built.join(file), programs.path(file)).map_err(cannot)?;
        }
        Ok(programs)
    }

    /// Where a file lies.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// Runs a program to its end, with nothing but `variables` in its environment.
    ///
    /// # Errors
    ///
    /// [`Fault::TimedOut`] where it does not end; [`Fault::Broke`] where it does not begin.
    pub fn run(&self, program: &str, arguments: &[&str], variables: &[(&str, &OsStr)]) -> Judged<Ran> {
        let broke = |error: io::Error| Fault::Broke(format!("can't run {program}: {error}"));
        let mut side = self.side().map_err(broke)?;
        let mut child = self.start(program, arguments, variables, &side).map_err(broke)?;
        let stdout = child.stdout.take().map(capped);
        let stderr = child.stderr.take().map(capped);
        let status = self.wait(&mut child).map_err(broke)?;
        let read = |reader: Option<std::thread::JoinHandle<Vec<u8>>>| {
            reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
        };
        let (stdout, stderr) = (read(stdout), read(stderr));
        let Some(status) = status else {
            let said =
                format!("{program} did not end within {} s. A lock that is never opened?", LIMIT.as_secs());
            return Err(Fault::TimedOut(said.into()));
        };
        if stderr.starts_with(b"the sandbox could not be put up") {
            return Err(Fault::Broke(String::from_utf8_lossy(&stderr).into_owned()));
        }
        let mut told = Vec::new();
        side.seek(SeekFrom::Start(0)).and_then(|_| side.read_to_end(&mut told)).map_err(broke)?;
        Ok(Ran { status, stdout, stderr, side: told })
    }

    /// A file that nobody can find: what is appended at once is there in one piece, whoever else appends.
    fn side(&self) -> io::Result<File> {
        let path = self.path("side");
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(&path)?;
        fs::remove_file(path)?;
        Ok(file)
    }

    fn start(
        &self,
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &OsStr)],
        side: &File,
    ) -> io::Result<Child> {
        let path = self.path(program);
        let mut command = match std::env::var("GRADE_PROGRAM_LAUNCHER") {
            Ok(launcher) => {
                let mut words = launcher.lines();
                let mut command = Command::new(words.next().unwrap_or_default());
                command.args(words).arg(&self.folder);
                command.args(variables.iter().map(|(name, value)| {
                    let mut variable = OsString::from(name);
                    variable.push("=");
                    variable.push(value);
                    variable
                }));
                command.arg("--").arg(path).env_clear();
                command
            }
            Err(_) => {
                let mut command = Command::new(path);
                command.env_clear().envs(variables.iter().copied());
                command
            }
        };
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let side = side.as_raw_fd();
        let prepare = move || {
            let space = libc::rlimit {
                rlim_cur: ADDRESS_SPACE as libc::rlim_t,
                rlim_max: ADDRESS_SPACE as libc::rlim_t,
            };
            // A copy is not closed when the program begins; but where the file has that number already, there is no copy.
            // SAFETY: integers, and a valid limit.
            if unsafe {
                libc::dup2(side, SIDE) < 0
                    || libc::fcntl(SIDE, libc::F_SETFD, 0) < 0
                    || libc::setrlimit(libc::RLIMIT_AS, &raw const space) != 0
            } {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        };
        // SAFETY: system calls only; nothing is allocated or locked.
        unsafe { command.pre_exec(prepare) };
        command.process_group(0).spawn()
    }

    /// Waits for the end; `None` if it did not come in time. Whatever the program left running is ended with it.
    fn wait(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let until = Instant::now() + LIMIT;
        let mut status = child.try_wait()?;
        while status.is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
            status = child.try_wait()?;
        }
        if let Ok(group) = i32::try_from(child.id()) {
            // SAFETY: integers. The group's number is not used again while we have not read its leader's end, or one of
            // its members lives; where nobody does the call fails.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
        if status.is_none() {
            child.wait()?;
        }
        Ok(status)
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        // What stays behind is in the temporary folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn capped(stream: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let mut stream = stream.take(OUTPUT);
        // An error ends the output; what came before is kept. What is over the cap meets a closed pipe.
        let _ = stream.read_to_end(&mut kept);
        kept
    })
}

/// Builds packages where no grader has: under plain `cargo test`.
fn build(home: &Home, packages: &[&str]) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(home.folder).args(["build", "--quiet", "--offline"]);
    command.args(packages.iter().flat_map(|package| ["--package", package]));
    let output = command.output().map_err(|error| format!("can't run cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("programs do not build:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let built = home.driver.and_then(|driver| Path::new(driver).parent());
    Ok(built.map_or_else(|| Path::new(home.folder).join("../target/debug"), Path::to_owned))
}
