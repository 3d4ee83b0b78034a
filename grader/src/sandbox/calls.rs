//! Seccomp: the system calls that an allocator, or its test, has no use for.
//!
//! What is listed fails with `EPERM`, so that a program that tries sees an error and not a signal. It is a list
//! of what is taken away, since what a C library and a thread need differs from system to system. Files are
//! Landlock's; where that is missing, none can be made, changed or removed all the same, and a driver locks itself
//! out of reading once it is set up.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Compare, SeccompCondition,
    SeccompFilter, SeccompRule, apply_filter, sock_filter,
};

use super::{BINARY, Inmate};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// By the number of the call; no rule refuses it always.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls that fail whatever their arguments are.
const REFUSED: &[libc::c_long] = &[
    // Networks, and other processes by socket. The driver's own socket is open already.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    // Descriptors to the judge, which would hold open what only the driver's end closes.
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    // Other processes' memory, signals and lives.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pidfd_getfd,
    // Out of the process group that is killed as one.
    libc::SYS_setsid,
    libc::SYS_setpgid,
    // Privileges, name spaces and the machine.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_chroot,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    // Other processes' turns and places in memory.
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setattr,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    libc::SYS_process_madvise,
    libc::SYS_setitimer,
    libc::SYS_timer_create,
    libc::SYS_process_mrelease,
    libc::SYS_kcmp,
    // Files, where Landlock is missing: what makes, changes or removes one by its name. Opening is below.
    libc::SYS_openat2,
    libc::SYS_truncate,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_fchmodat,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    // Ways around a filter of calls, and around Landlock.
    libc::SYS_seccomp,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
    libc::SYS_open_by_handle_at,
    // What others do to files, and what the kernel says of them.
    libc::SYS_inotify_add_watch,
    libc::SYS_fanotify_init,
    libc::SYS_syslog,
    // Shared memory that outlives the process.
    libc::SYS_shmget,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
];

/// Calls of older kernels that newer architectures lack.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[libc::c_long] = &[
    libc::SYS_alarm,
    libc::SYS_creat,
    libc::SYS_unlink,
    libc::SYS_rmdir,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_mkdir,
    libc::SYS_mknod,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[libc::c_long] = &[];

/// New processes and programs, which a program may start: a launcher becomes a driver by descriptor, see
/// `refuse_processes`.
#[cfg(target_arch = "x86_64")]
const REFUSED_TO_DRIVERS: &[libc::c_long] = &[libc::SYS_execve, libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_TO_DRIVERS: &[libc::c_long] = &[libc::SYS_execve];

/// Commands of `fcntl` that have the system signal another process: `F_SETOWN`, `F_SETSIG`, `F_SETOWN_EX`, `F_NOTIFY`.
const SIGNALLING: [u64; 4] = [8, 10, 15, 1026];
/// The same of `ioctl`, and those that type into a terminal: `FIOSETOWN`, `SIOCSPGRP`, `TIOCSTI`, `TIOCLINUX`.
const CONTROLS: [u64; 4] = [0x8901, 0x8902, 0x5412, 0x541c];

/// Filters this process's calls, and those of all that it becomes.
pub fn wall_off(inmate: &Inmate) -> Fallible<()> {
    let mut rules = rules()?;
    if !matches!(inmate, Inmate::Program { .. }) {
        refuse_processes(&mut rules)?;
    }
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    // In this order: the long filter refuses what it takes to put up another.
    apply_filter(&unknown_calls())?;
    apply_filter(&program)?;
    Ok(())
}

fn rules() -> Fallible<Rules> {
    let mut rules: Rules = REFUSED.iter().chain(REFUSED_HERE).map(|call| (*call, Vec::new())).collect();
    let is_not = |argument, value: u64| SeccompCondition::new(argument, Length::Qword, Compare::Ne, value);
    // A process may send itself signals: `abort` does.
    let other = is_not(0, u64::from(std::process::id()))?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![other.clone()])?]);
    rules.insert(libc::SYS_rt_tgsigqueueinfo, vec![SeccompRule::new(vec![other])?]);
    let is = |argument, value: u64| SeccompCondition::new(argument, Length::Dword, Compare::Eq, value);
    for (call, commands) in [(libc::SYS_fcntl, SIGNALLING), (libc::SYS_ioctl, CONTROLS)] {
        let each = commands.into_iter().map(|command| SeccompRule::new(vec![is(1, command)?]));
        rules.insert(call, each.collect::<Result<_, _>>()?);
    }
    for bit in [libc::O_WRONLY, libc::O_RDWR, libc::O_CREAT, libc::O_TRUNC] {
        let has = |argument| {
            SeccompCondition::new(argument, Length::Dword, Compare::MaskedEq(bit as u64), bit as u64)
        };
        rules.entry(libc::SYS_openat).or_default().push(SeccompRule::new(vec![has(2)?])?);
        #[cfg(target_arch = "x86_64")]
        rules.entry(libc::SYS_open).or_default().push(SeccompRule::new(vec![has(1)?])?);
    }
    // A thread may bind itself to a processor.
    let another = SeccompCondition::new(0, Length::Dword, Compare::Ne, 0)?;
    rules.insert(libc::SYS_sched_setaffinity, vec![SeccompRule::new(vec![another])?]);
    // Reading a limit is fine; of `prctl`, what names threads and mappings, and the driver's own last lock.
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![is_not(2, 0)?])?]);
    rules.insert(libc::SYS_setrlimit, Vec::new());
    let names = [
        libc::PR_SET_NAME,
        libc::PR_GET_NAME,
        libc::PR_SET_VMA,
        libc::PR_SET_THP_DISABLE,
        libc::PR_SET_SECCOMP,
    ];
    let unnamed = names.iter().map(|option| is_not(0, *option as u64)).collect::<Result<Vec<_>, _>>()?;
    rules.insert(libc::SYS_prctl, vec![SeccompRule::new(unnamed)?]);
    Ok(rules)
}

/// No new processes, and no other program than the one that the launcher becomes.
fn refuse_processes(rules: &mut Rules) -> Fallible<()> {
    rules.extend(REFUSED_TO_DRIVERS.iter().map(|call| (*call, Vec::new())));
    let thread = libc::CLONE_THREAD as u64;
    let no_thread = SeccompCondition::new(0, Length::Qword, Compare::MaskedEq(thread), 0)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![no_thread])?]);
    // The launcher becomes the driver by this call; later there is nothing at that descriptor, nor can be.
    let elsewhere = SeccompCondition::new(0, Length::Dword, Compare::Ne, BINARY as u64)?;
    let by_path = SeccompCondition::new(4, Length::Dword, Compare::Ne, libc::AT_EMPTY_PATH as u64)?;
    rules.insert(
        libc::SYS_execveat,
        vec![SeccompRule::new(vec![elsewhere])?, SeccompRule::new(vec![by_path])?],
    );
    Ok(())
}

/// `clone3` keeps its flags in memory, where no filter sees them; told that it is missing, C libraries use
/// `clone`. The same for numbers of the x32 interface, which name the listed calls a second time.
fn unknown_calls() -> BpfProgram {
    const LOAD_NUMBER: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const JUMP_IF_NOT_LESS: u16 = 0x35;
    const RETURN: u16 = 0x06;
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    vec![
        step(LOAD_NUMBER, 0, 0, 0),
        step(JUMP_IF_NOT_LESS, 2, 0, 0x4000_0000),
        step(JUMP_IF_EQUAL, 1, 0, libc::SYS_clone3 as u32),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
    ]
}
