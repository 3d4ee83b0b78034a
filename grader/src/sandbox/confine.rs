//! The launcher's own process, from its start to its end as a driver.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::{BINARY, Inmate, Layer, calls, files};

/// The users and groups of drivers where the grader is root begin here, beyond those that anything else gives out.
/// Each driver has one of its own, by its process, so that none has a way to another nor a part in its limits.
const USERS: libc::uid_t = 2_000_000_000;

/// Threads that a driver of a user of its own may have. Another user's count is of all that the user runs.
const THREADS: libc::rlim_t = 256;

/// Bytes of address space that a driver may have. A judge sets the same limit from outside where there is no launcher; on
/// a process that has become another user it may not.
const ADDRESS_SPACE: libc::rlim_t = 1 << 30;

/// Descriptors that a driver may open.
const DESCRIPTORS: libc::rlim_t = 64;

/// What the files that were open before may hold, in bytes, where there are any: a program's side descriptor.
const SIDE_FILE: libc::rlim_t = 16 << 20;

/// Puts up `layers` and becomes `inmate`; comes back where that is nobody.
///
/// The order is forced: a driver's binary is opened before files are out of reach, Landlock's rules name it by a path
/// that another user may not see, and the filter of calls is last, since all before makes calls that it forbids.
pub fn confine(layers: &[Layer], inmate: &Inmate) -> Result<(), String> {
    if let Inmate::Driver(driver) = inmate {
        place(driver)?;
        limit(libc::RLIMIT_AS, ADDRESS_SPACE)?;
    }
    ask("take no new privileges", prctl(libc::PR_SET_NO_NEW_PRIVS, 1))?;
    limit(libc::RLIMIT_CORE, 0)?;
    limit(libc::RLIMIT_FSIZE, if matches!(inmate, Inmate::Program { .. }) { SIDE_FILE } else { 0 })?;
    if layers.contains(&Layer::Files) {
        files::wall_off(inmate).map_err(|why| format!("can't wall off files: {why}"))?;
    }
    if layers.contains(&Layer::User) {
        change_user()?;
    }
    // After the change of user, which clears it.
    ask("die with the judge", prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong))?;
    // SAFETY: takes nothing and can't fail.
    if unsafe { libc::getppid() } == 1 && !matches!(inmate, Inmate::Nobody) {
        return Err("the judge has ended".to_owned());
    }
    limit(libc::RLIMIT_NOFILE, DESCRIPTORS)?;
    if layers.contains(&Layer::Calls) {
        calls::wall_off(inmate).map_err(|why| format!("can't wall off system calls: {why}"))?;
    }
    match inmate {
        Inmate::Nobody => Ok(()),
        Inmate::Driver(_) => Err(format!("can't become the driver: {}", execute())),
        Inmate::Program { variables, command, .. } => {
            let [program, arguments @ ..] = &command[..] else {
                return Err("no program is named".to_owned());
            };
            let mut program = Command::new(program);
            let pairs = variables.iter().filter_map(|variable| {
                let at = variable.as_bytes().iter().position(|byte| *byte == b'=')?;
                Some((
                    OsStr::from_bytes(&variable.as_bytes()[..at]),
                    OsStr::from_bytes(&variable.as_bytes()[at + 1..]),
                ))
            });
            Err(format!(
                "can't become the program: {}",
                program.args(arguments).env_clear().envs(pairs).exec()
            ))
        }
    }
}

/// Opens the driver and puts it at [`BINARY`], to be closed as it is executed.
fn place(driver: &Path) -> Result<(), String> {
    let file = File::open(driver).map_err(|error| format!("can't open {}: {error}", driver.display()))?;
    // SAFETY: both are descriptors, and the new one is nobody else's.
    let placed = unsafe { libc::dup3(file.as_raw_fd(), BINARY, libc::O_CLOEXEC) };
    ask("keep the driver's binary", placed)
}

/// Gives up root, its groups and with them every capability.
fn change_user() -> Result<(), String> {
    let own = USERS + std::process::id();
    // SAFETY: no pointer is followed for a count of zero.
    ask("leave root's groups", unsafe { libc::setgroups(0, std::ptr::null()) })?;
    // SAFETY: integers only.
    ask("change the group", unsafe { libc::setresgid(own, own, own) })?;
    // SAFETY: integers only.
    ask("change the user", unsafe { libc::setresuid(own, own, own) })?;
    limit(libc::RLIMIT_NPROC, THREADS)
}

fn execute() -> io::Error {
    let name = CString::from(c"driver");
    let (arguments, environment) = ([name.as_ptr(), std::ptr::null()], [std::ptr::null::<libc::c_char>()]);
    // SAFETY: the path is empty and both lists end in null; what they point to outlives the call.
    unsafe {
        let (arguments, environment) = (arguments.as_ptr(), environment.as_ptr());
        libc::syscall(libc::SYS_execveat, BINARY, c"".as_ptr(), arguments, environment, libc::AT_EMPTY_PATH);
    }
    io::Error::last_os_error()
}

fn prctl(option: libc::c_int, value: libc::c_ulong) -> libc::c_int {
    // SAFETY: the options used here take integers only.
    unsafe { libc::prctl(option, value, 0, 0, 0) }
}

/// Sets a limit, where there is no tighter one.
fn limit(resource: libc::__rlimit_resource_t, most: libc::rlim_t) -> Result<(), String> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid rlimit that outlives the call.
    ask("read a limit", unsafe { libc::getrlimit(resource, &raw mut limit) })?;
    limit = libc::rlimit { rlim_cur: most.min(limit.rlim_max), rlim_max: most.min(limit.rlim_max) };
    // SAFETY: as above.
    ask("set a limit", unsafe { libc::setrlimit(resource, &limit) })
}

/// What a system call came to, in words.
fn ask(what: &str, answer: libc::c_int) -> Result<(), String> {
    if answer < 0 { Err(format!("can't {what}: {}", io::Error::last_os_error())) } else { Ok(()) }
}
