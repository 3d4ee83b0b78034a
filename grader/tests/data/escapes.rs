//! Tries what a driver has no business with, and prints a line for each: its name, and `refused` or `done`.
//!
//! It is compiled by the test that runs it, behind the grader's walls.

use std::ffi::{c_char, c_int, c_long, c_void};

unsafe extern "C" {
    fn fork() -> c_int;
    fn setsid() -> c_int;
    fn socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn kill(process: c_int, signal: c_int) -> c_int;
    fn getppid() -> c_int;
    fn execv(path: *const c_char, arguments: *const *const c_char) -> c_int;
    fn memfd_create(name: *const c_char, flags: u32) -> c_int;
    fn geteuid() -> u32;
    fn setrlimit(resource: c_int, limit: *const [u64; 2]) -> c_int;
    fn ptrace(request: c_long, process: c_int, address: *mut c_void, data: *mut c_void) -> c_long;
}

fn told(what: &str, done: bool) {
    println!("{what}: {}", if done { "done" } else { "refused" });
}

fn main() {
    let secret = option_env!("SECRET").unwrap_or("/etc/passwd");
    told("read a file", std::fs::read(secret).is_ok());
    told("list a folder", std::fs::read_dir("/").is_ok());
    told("read its own state", std::fs::read("/proc/self/status").is_ok());
    told("write beside the secret", std::fs::write(format!("{secret}.stolen"), "x").is_ok());
    told("write to the temporary folder", std::fs::write("/tmp/of-a-driver", "x").is_ok());
    told("open a connection", std::net::TcpStream::connect("127.0.0.1:1").err().is_some_and(|e| {
        // Refused by the other side would mean that it got out.
        e.kind() == std::io::ErrorKind::ConnectionRefused
    }));
    told("start a program", std::process::Command::new("/bin/true").status().is_ok());
    // SAFETY: integers, and pointers to constants that end in null.
    unsafe {
        told("open a socket", socket(1, 1, 0) >= 0);
        told("signal its parent", kill(getppid(), 0) == 0);
        told("leave its session", setsid() >= 0);
        told("make a file in memory", memfd_create(c"x".as_ptr(), 0) >= 0);
        told("trace", ptrace(0, 0, std::ptr::null_mut(), std::ptr::null_mut()) == 0);
        told("raise a limit", setrlimit(7, &[1 << 20, 1 << 20]) == 0);
        told("be root", geteuid() == 0);
        let child = fork();
        if child == 0 {
            std::process::exit(0);
        }
        told("fork", child > 0);
        // Last: where it works, there is nobody left to tell.
        println!("become another program: …");
        let arguments = [c"true".as_ptr(), std::ptr::null()];
        execv(c"/bin/true".as_ptr(), arguments.as_ptr());
    }
    told("become another program", false);
    let threads: Vec<_> = (0..4).map(|n| std::thread::spawn(move || n)).collect();
    let sum: i32 = threads.into_iter().filter_map(|thread| thread.join().ok()).sum();
    println!("threads: {sum}");
    if let Ok(told) = std::env::var("TOLD") {
        println!("told: {told}");
    }
}
