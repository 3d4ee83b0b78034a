//! A library for programs to load: it allocates when it is loaded, and for each thread that calls it.

use std::cell::RefCell;
use std::ffi::c_int;
use std::sync::Mutex;

static LOADED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

extern "C" fn construct() {
    if let Ok(mut loaded) = LOADED.lock() {
        loaded.resize(500, 1);
    }
}

#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
static CONSTRUCT: extern "C" fn() = construct;

thread_local! {
    /// Has a destructor, and is larger than what the loader keeps room for.
    static COUNTS: RefCell<Vec<[u64; 64]>> = const { RefCell::new(Vec::new()) };
}

/// How often the thread has called.
#[unsafe(no_mangle)]
extern "C" fn plugin_count() -> c_int {
    COUNTS.with_borrow_mut(|counts| {
        counts.push([0; 64]);
        counts.len() as c_int
    })
}
