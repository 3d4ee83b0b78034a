//! Allocates at the start and at the end of a process, where little else runs, and ends in the way that its argument
//! says. What comes at the end is counted too: `ends --expected WAY` says how often it allocates and frees itself.

use std::cell::RefCell;
use std::ffi::CString;
use std::sync::atomic::{AtomicPtr, Ordering};

static EARLY: AtomicPtr<libc::c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Before `main`, and before most libraries.
extern "C" fn construct() {
    // SAFETY: allocates.
    EARLY.store(unsafe { libc::malloc(1001) }, Ordering::Relaxed);
}

/// After `main`'s end, after every handler.
extern "C" fn destruct() {
    // SAFETY: frees what `construct` allocated.
    unsafe { libc::free(EARLY.swap(std::ptr::null_mut(), Ordering::Relaxed)) };
}

#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
static CONSTRUCT: extern "C" fn() = construct;
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".fini_array"))]
static DESTRUCT: extern "C" fn() = destruct;

/// Allocates and frees when its thread ends.
struct Late(Vec<u8>);

impl Drop for Late {
    fn drop(&mut self) {
        self.0 = vec![1; 2000];
        std::hint::black_box(&self.0);
    }
}

thread_local! {
    static LATE: RefCell<Late> = const { RefCell::new(Late(Vec::new())) };
}

extern "C" fn handler() {
    std::hint::black_box(vec![3_u8; 3000]);
}

fn main() {
    let way = std::env::args().nth(1).unwrap_or_default();
    // SAFETY: `handler` may run at any exit.
    unsafe { libc::atexit(handler) };
    std::thread::spawn(|| LATE.with_borrow_mut(|late| late.0.push(1))).join().expect("the thread ends");
    LATE.with_borrow_mut(|late| late.0.push(1));
    println!("ending by {way}");
    // SAFETY: C's ways to end; strings are C strings, and lists end in null.
    unsafe {
        match way.as_str() {
            "return" => {}
            "exit" => std::process::exit(3),
            "_exit" => libc::_exit(4),
            "quick_exit" => quick_exit(5),
            "abort" => std::process::abort(),
            "kill" => {
                libc::raise(libc::SIGKILL);
            }
            "thread" => {
                let other = std::thread::spawn(|| std::process::exit(6));
                let _ = other.join();
            }
            "exec" | "execvp" | "execl" | "execle" => exec(&way),
            "failed exec" => {
                let none = CString::from(c"/nowhere/no program");
                let arguments = [none.as_ptr(), std::ptr::null()];
                let result = libc::execv(none.as_ptr(), arguments.as_ptr());
                println!("exec came back with {result}: {}", std::io::Error::last_os_error());
            }
            other => panic!("there is no end by {other}"),
        }
    }
}

unsafe extern "C" {
    fn quick_exit(code: libc::c_int) -> !;
}

/// Becomes this very program, with another argument.
///
/// # Safety
///
/// None but `exec`'s: nobody else is running.
unsafe fn exec(way: &str) {
    let own = std::env::current_exe().expect("a name");
    let own = CString::new(own.into_os_string().into_encoded_bytes()).expect("no zero");
    let (name, last) = (own.as_ptr(), c"return".as_ptr());
    let arguments = [name, last, std::ptr::null()];
    // SAFETY: C strings, and lists that end in null.
    unsafe {
        match way {
            "exec" => libc::execv(name, arguments.as_ptr()),
            "execvp" => libc::execvp(name, arguments.as_ptr()),
            "execl" => libc::execl(name, name, last, std::ptr::null::<libc::c_char>()),
            _ => {
                let none = [std::ptr::null::<libc::c_char>()];
                libc::execle(name, name, last, std::ptr::null::<libc::c_char>(), none.as_ptr())
            }
        };
    }
}
