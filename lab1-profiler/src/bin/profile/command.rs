//! The program that a command names, and whether a library can be preloaded into it.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why a command can't be profiled; a sentence with what to do next.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// There is no such program.
    #[error("There is no program `{0}` in PATH. Name it by its path, or check the spelling.")]
    Missing(String),
    /// There is no such file.
    #[error("There is no file {}. Check the path.", .0.display())]
    NoFile(PathBuf),
    /// It is no file.
    #[error("{} is a folder. Name a program in it.", .0.display())]
    Folder(PathBuf),
    /// It may not be executed.
    #[error("{} may not be executed. `chmod +x` allows it; a script can be given to its interpreter instead.", .0.display())]
    NotExecutable(PathBuf),
    /// It can't be read.
    #[error("{} can't be read ({}), so it can't be told whether it can be profiled.", .0.display(), .1)]
    Unreadable(PathBuf, String),
    /// It is linked statically.
    #[error("{} is linked statically: its malloc is its own, and nothing can be preloaded. Link it dynamically; or, if \
             it is a Rust program of yours, put `Profiled` into it and run it with --built-in.", .0.display())]
    Static(PathBuf),
    /// It is of another machine.
    #[error("{} is a program for another machine or word size, into which this profiler can't be loaded. Build it \
             for this one.", .0.display())]
    Foreign(PathBuf),
    /// It runs with more rights than ours.
    #[error("{} runs with more rights than yours ({}), so the loader ignores what is preloaded. Profile a copy \
             without them (`cp` drops them), or run as the user that it runs as.", .0.display(), .1)]
    Privileged(PathBuf, &'static str),
}

/// The file that a command's first word names, as a shell would find it.
///
/// # Errors
///
/// [`CommandError`], if there is none that may be executed.
pub fn find(command: &[OsString]) -> Result<PathBuf, CommandError> {
    let Some(word) = command.first() else { return Err(CommandError::Missing(String::new())) };
    if word.as_bytes().contains(&b'/') {
        let path = PathBuf::from(word);
        return match std::fs::metadata(&path) {
            Err(_) => Err(CommandError::NoFile(path)),
            Ok(data) if data.is_dir() => Err(CommandError::Folder(path)),
            Ok(data) if !may_execute(&data) => Err(CommandError::NotExecutable(path)),
            Ok(_) => Ok(path),
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut not_executable = None;
    for folder in std::env::split_paths(&path) {
        let file = folder.join(word);
        match std::fs::metadata(&file) {
            Ok(data) if data.is_file() && may_execute(&data) => return Ok(file),
            Ok(data) if data.is_file() => not_executable = Some(file),
            _ => {}
        }
    }
    Err(not_executable.map_or_else(
        || CommandError::Missing(word.to_string_lossy().into_owned()),
        CommandError::NotExecutable,
    ))
}

/// The program's name, for folders.
pub fn name(program: &Path) -> String {
    program.file_name().unwrap_or(OsStr::new("program")).to_string_lossy().into_owned()
}

/// Whether the profiler can be preloaded into a program, or into the interpreter of a script.
///
/// # Errors
///
/// [`CommandError`], if it can't.
pub fn check(program: &Path) -> Result<(), CommandError> {
    let unreadable = |error: std::io::Error| CommandError::Unreadable(program.to_owned(), error.to_string());
    let data = std::fs::metadata(program).map_err(unreadable)?;
    if let Some(right) = privilege(program, &data) {
        return Err(CommandError::Privileged(program.to_owned(), right));
    }
    let mut head = [0; 256];
    let mut file = File::open(program).map_err(unreadable)?;
    let len = file.read(&mut head).map_err(unreadable)?;
    if let Some(line) = head[..len].strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
        let interpreter = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let interpreter = PathBuf::from(OsStr::from_bytes(interpreter));
        // A script whose interpreter is a script again is rare; the kernel allows a few.
        return if interpreter == program { Ok(()) } else { check(&interpreter) };
    }
    match elf(&mut file, &head[..len]) {
        Elf::Dynamic => Ok(()),
        Elf::Static => Err(CommandError::Static(program.to_owned())),
        Elf::Foreign => Err(CommandError::Foreign(program.to_owned())),
    }
}

fn may_execute(data: &Metadata) -> bool {
    data.permissions().mode() & 0o111 != 0
}

/// What makes the loader distrust its environment for this program, see ld.so(8).
fn privilege(program: &Path, data: &Metadata) -> Option<&'static str> {
    // SAFETY: these take nothing and can't fail.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    if data.mode() & libc::S_ISUID != 0 && data.uid() != user {
        return Some("it is set-user-ID");
    }
    if data.mode() & libc::S_ISGID != 0 && data.gid() != group {
        return Some("it is set-group-ID");
    }
    (user != 0 && has_capabilities(program)).then_some("it has file capabilities")
}

#[cfg(target_os = "linux")]
fn has_capabilities(program: &Path) -> bool {
    let Ok(path) = CString::new(program.as_os_str().as_bytes()) else { return false };
    // SAFETY: both are C strings; with a length of zero nothing is written.
    unsafe { libc::getxattr(path.as_ptr(), c"security.capability".as_ptr(), std::ptr::null_mut(), 0) > 0 }
}

#[cfg(not(target_os = "linux"))]
fn has_capabilities(_: &Path) -> bool {
    false
}

enum Elf {
    Dynamic,
    Static,
    Foreign,
}

/// Offsets in a 64-bit ELF file's head and program headers, from elf(5).
const MACHINE: usize = 18;
const HEADERS: usize = 32;
const HEADER_SIZE: usize = 54;
const HEADER_COUNT: usize = 56;
/// The program header that names a loader.
const INTERPRETER: u32 = 3;

/// Whether a file names a loader. What the kernel runs otherwise, or not at all, is not for us to say more of.
fn elf(file: &mut File, head: &[u8]) -> Elf {
    let short = |at: usize| head.get(at..at + 2).map_or(0, |b| u16::from_le_bytes([b[0], b[1]]));
    let own = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    // 64 bits, little-endian.
    if head.get(..6) != Some(b"\x7fELF\x02\x01") || short(MACHINE) != own {
        return Elf::Foreign;
    }
    let at = head
        .get(HEADERS..HEADERS + 8)
        .map_or(0, |b| b.iter().rev().fold(0, |n: u64, b| n << 8 | u64::from(*b)));
    let mut headers = vec![0; usize::from(short(HEADER_SIZE)) * usize::from(short(HEADER_COUNT))];
    if file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut headers)).is_err() {
        return Elf::Foreign;
    }
    let size = usize::from(short(HEADER_SIZE)).max(4);
    let names_loader = headers.chunks_exact(size).any(|header| header[..4] == INTERPRETER.to_le_bytes());
    if names_loader { Elf::Dynamic } else { Elf::Static }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of programs that goes with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("command-{name}-{}", std::process::id()));
            std::fs::create_dir(&folder).expect("a folder");
            Self(folder)
        }

        fn program(&self, name: &str, bytes: &[u8], mode: u32) -> PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, bytes).expect("there is room");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("the file is ours");
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// This very program, which names a loader.
    fn dynamic() -> Vec<u8> {
        std::fs::read(std::env::current_exe().expect("a name")).expect("a readable file")
    }

    fn found(path: &Path) -> Result<PathBuf, CommandError> {
        find(&[path.into()])
    }

    #[test]
    fn a_word_is_found_as_a_shell_finds_it_or_refused_in_a_sentence() {
        let folder = Folder::new("find");
        let plain = folder.program("plain", b"", 0o644);
        let missing = folder.0.join("missing");
        assert!(find(&["sh".into()]).is_ok_and(|path| path.ends_with("sh")));
        assert_eq!(find(&["no-such-program".into()]), Err(CommandError::Missing("no-such-program".into())));
        assert_eq!(found(&missing), Err(CommandError::NoFile(missing)));
        assert_eq!(found(&folder.0), Err(CommandError::Folder(folder.0.clone())));
        assert_eq!(found(&plain), Err(CommandError::NotExecutable(plain)));
    }

    #[test]
    fn a_program_without_a_loader_or_for_another_machine_is_refused() {
        let folder = Folder::new("check");
        let mut program = dynamic();
        let path = folder.program("dynamic", &program, 0o755);
        assert_eq!(check(&path), Ok(()));
        // The header that names the loader, made into one that says nothing.
        let field = |at: usize, len: usize| {
            program[at..at + len].iter().rev().fold(0, |n: usize, byte| n << 8 | usize::from(*byte))
        };
        let (at, size, count) = (field(HEADERS, 8), field(HEADER_SIZE, 2), field(HEADER_COUNT, 2));
        for header in program[at..at + size * count].chunks_exact_mut(size) {
            if header[..4] == INTERPRETER.to_le_bytes() {
                header[..4].fill(0);
            }
        }
        let path = folder.program("static", &program, 0o755);
        assert_eq!(check(&path), Err(CommandError::Static(path)));
        program[MACHINE] ^= 1;
        let path = folder.program("foreign", &program, 0o755);
        assert_eq!(check(&path), Err(CommandError::Foreign(path)));
        let path = folder.program("short", &program[..70], 0o755);
        assert_eq!(check(&path), Err(CommandError::Foreign(path)));
    }

    #[test]
    fn a_script_is_as_its_interpreter_is() {
        let folder = Folder::new("script");
        folder.program("dynamic", &dynamic(), 0o755);
        let script = |interpreter: &str| {
            let text = format!("#! {}/{interpreter} -x\nexit\n", folder.0.display());
            check(&folder.program("script", text.as_bytes(), 0o755))
        };
        assert_eq!(script("dynamic"), Ok(()));
        assert!(matches!(script("missing"), Err(CommandError::Unreadable(..))));
    }

    #[test]
    fn a_program_of_another_user_that_runs_as_that_user_is_refused() {
        let folder = Folder::new("privileged");
        let path = folder.program("other", &dynamic(), 0o755);
        // Of one's own it is no more than any other.
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o4755)).expect("the file is ours");
        assert_eq!(check(&path), Ok(()));
        // Only root may give a file away; the system's own such program stands in for one.
        let given = std::os::unix::fs::chown(&path, Some(65534), None);
        if given.is_ok() {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o4755)).expect("root may");
            assert_eq!(check(&path), Err(CommandError::Privileged(path, "it is set-user-ID")));
        } else if let Ok(path) = find(&["su".into()]) {
            assert_eq!(check(&path), Err(CommandError::Privileged(path, "it is set-user-ID")));
        }
    }
}
