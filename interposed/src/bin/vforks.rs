//! Starts programs by `vfork`, whose child borrows its parent's memory, and ends some such children at once.

use std::ffi::CString;

fn main() {
    let own = std::env::current_exe().expect("a name");
    let own = CString::new(own.into_os_string().into_encoded_bytes()).expect("no zero");
    if std::env::args().nth(1).is_some() {
        println!("{}", vec![1_u8; 1000].len());
        return;
    }
    let other = std::thread::spawn(|| (0..20_000).map(|size| vec![0_u8; size % 500].len()).sum::<usize>());
    for number in 0..20 {
        let kept = vec![number as u8; 1000];
        let arguments = [own.as_ptr(), c"program".as_ptr(), std::ptr::null()];
        // SAFETY: the child calls `exec` or `_exit` and nothing else, which is all that it may.
        #[expect(deprecated, reason = "programs use it, and this one stands for them")]
        let process = unsafe { libc::vfork() };
        if process == 0 {
            // SAFETY: as above; C strings, and a list that ends in null.
            unsafe {
                if number % 2 == 0 {
                    libc::execv(own.as_ptr(), arguments.as_ptr());
                }
                libc::_exit(9);
            }
        }
        let mut status = 0;
        // SAFETY: the child is ours to wait for.
        unsafe { libc::waitpid(process, &raw mut status, 0) };
        println!(
            "child {number}: {}, kept {}",
            libc::WEXITSTATUS(status),
            kept.iter().all(|byte| *byte == number as u8)
        );
    }
    println!("{}", other.join().expect("the thread ends"));
}
