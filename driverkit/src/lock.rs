//! What a driver gives up once it is set up: from then on it opens no file, sees none, and becomes no other program.
//!
//! A launcher's walls stand before, but a program has to open its own libraries behind them. So this holds also
//! where a kernel has no wall for files, and nothing that is hidden there can be read: tests, the memory of a
//! judge that runs as the same user, or a socket by its other name. Nor does any kernel's wall keep from sight whether a
//! file is there, how long it is and where a link leads, such as the one to the program itself.

/// Refuses from now on what opens a file or executes one, in every thread to come. Best effort: where it can't be,
/// the launcher's walls are all there is.
#[cfg(target_os = "linux")]
pub fn lock() {
    let mut filter = filter::filter();
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the first takes integers; the program and its filter outlive the second, which copies them.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program, 0, 0);
    }
}

/// Does nothing where the system can't.
#[cfg(not(target_os = "linux"))]
pub fn lock() {}

#[cfg(target_os = "linux")]
mod filter {
    use libc::sock_filter;

    /// Calls that fail with `EPERM` whatever their arguments are.
    const REFUSED: &[libc::c_long] = &[
        libc::SYS_openat,
        libc::SYS_openat2,
        libc::SYS_open_by_handle_at,
        libc::SYS_open_tree,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_seccomp,
        libc::SYS_statx,
        libc::SYS_faccessat,
        libc::SYS_faccessat2,
        libc::SYS_readlinkat,
        libc::SYS_chdir,
        libc::SYS_inotify_add_watch,
        libc::SYS_fanotify_init,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_stat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_lstat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_access,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_readlink,
    ];

    /// What the kernel calls this machine. The numbers above mean nothing to another of its interfaces.
    #[cfg(target_arch = "x86_64")]
    const MACHINE: u32 = 0xC000_003E;
    #[cfg(not(target_arch = "x86_64"))]
    const MACHINE: u32 = 0xC000_00B7;
    /// Numbers from here on are those of the x32 interface, which has the same calls once more.
    const X32: u32 = 0x4000_0000;

    /// Where the kernel puts the number, the machine, the first argument and the fourth.
    const NUMBER: u32 = 0;
    const AT_MACHINE: u32 = 4;
    const FIRST: u32 = 16;
    const FOURTH: u32 = 40;

    /// A program of the kernel's small machine: any test that holds jumps to the last step, which refuses.
    pub fn filter() -> Vec<sock_filter> {
        let equal = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
        let at_least = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
        let ret = (libc::BPF_RET | libc::BPF_K) as u16;
        let load = |k| step((libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, k, 0, 0);
        let mut steps = vec![load(AT_MACHINE), step(equal, MACHINE, 0, u8::MAX), load(NUMBER)];
        steps.push(step(at_least, X32, u8::MAX, 0));
        steps.extend(REFUSED.iter().map(|call| step(equal, *call as u32, u8::MAX, 0)));
        // Of a descriptor a file's state may be asked, as a C library does, and not of a path.
        steps.push(step(equal, libc::SYS_newfstatat as u32, 0, 3));
        steps.push(load(FOURTH));
        steps.push(step(equal, libc::AT_EMPTY_PATH as u32, 0, u8::MAX));
        steps.push(step(ret, libc::SECCOMP_RET_ALLOW, 0, 0));
        // Another filter, by the older call for it.
        steps.push(step(equal, libc::SYS_prctl as u32, 0, 2));
        steps.push(load(FIRST));
        steps.push(step(equal, libc::PR_SET_SECCOMP as u32, u8::MAX, 0));
        steps.push(step(ret, libc::SECCOMP_RET_ALLOW, 0, 0));
        let last = steps.len();
        for (place, step) in steps.iter_mut().enumerate() {
            for jump in [&mut step.jt, &mut step.jf].into_iter().filter(|jump| **jump == u8::MAX) {
                *jump = (last - place - 1) as u8;
            }
        }
        steps.push(step(ret, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0, 0));
        steps
    }

    /// With `u8::MAX` for the way to the last step.
    const fn step(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
        sock_filter { code, jt, jf, k }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_locked_opens_and_sees_no_file_and_its_threads_work() {
        let open = || std::fs::File::open("/dev/null").is_ok() || std::fs::metadata("/dev/null").is_ok();
        assert!(open());
        // A filter is its thread's, and of those that the thread starts.
        let locked = std::thread::spawn(move || {
            lock();
            let inner = std::thread::spawn(open).join().expect("a thread that only opens a file");
            (open(), inner, std::process::Command::new("/bin/true").status().is_ok())
        });
        assert_eq!(locked.join().expect("a thread that only opens files"), (false, false, false));
        assert!(open());
    }
}
