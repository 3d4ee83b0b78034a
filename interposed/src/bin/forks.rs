//! Forks again and again while other threads allocate; each child allocates, and every third one becomes another
//! program: `forks CHILDREN`.

use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

fn churn() {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    for round in 0_usize.. {
        if STOP.load(Ordering::Relaxed) {
            return;
        }
        blocks.push(vec![round as u8; round * 131 % 5000 + 1]);
        if blocks.len() > 50 {
            blocks.swap_remove(round * 7 % 50);
        }
    }
}

/// What a child does: allocate, and end with a code that says how much.
fn child(number: usize, own: &CString) -> i32 {
    let blocks: Vec<Vec<u8>> = (1..100).map(|size| vec![number as u8; size * 10]).collect();
    let sum: usize = blocks.iter().map(Vec::len).sum();
    if number.is_multiple_of(3) {
        let arguments = [own.as_ptr(), c"0".as_ptr(), std::ptr::null()];
        // SAFETY: C strings, and a list that ends in null.
        unsafe { libc::execv(own.as_ptr(), arguments.as_ptr()) };
    }
    (sum % 100) as i32
}

fn main() {
    let children: usize = std::env::args().nth(1).map_or(30, |word| word.parse().expect("a number"));
    let own = std::env::current_exe().expect("a name");
    let own = CString::new(own.into_os_string().into_encoded_bytes()).expect("no zero");
    let churners: Vec<_> = (0..3).map(|_| std::thread::spawn(churn)).collect();
    let mut codes = Vec::new();
    for number in 1..=children {
        // SAFETY: the child allocates, which glibc allows after a fork of a program with threads; it makes no use of
        // std's locks.
        let process = unsafe { libc::fork() };
        if process == 0 {
            let code = child(number, &own);
            // SAFETY: ends the child.
            unsafe { libc::_exit(code) };
        }
        let mut status = 0;
        // SAFETY: the child is ours to wait for.
        unsafe { libc::waitpid(process, &raw mut status, 0) };
        codes.push(if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -libc::WTERMSIG(status) });
    }
    STOP.store(true, Ordering::Relaxed);
    churners.into_iter().for_each(|churner| churner.join().expect("a churner ends well"));
    println!("{children} children ended with {codes:?}");
}
