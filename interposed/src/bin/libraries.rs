//! Loads and unloads many libraries that have thread-local variables: `libraries FOLDER`, which is full of copies of
//! one. The loader then enlarges each thread's table of such variables, and allocates to do so.

use std::ffi::{CString, c_int};
use std::path::PathBuf;

type Count = unsafe extern "C" fn() -> c_int;

fn main() {
    let folder = std::env::args_os().nth(1).expect("a folder");
    let entries = std::fs::read_dir(folder).expect("a folder that can be read");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    // This thread is older than all of the libraries.
    let (send, receive) = std::sync::mpsc::channel::<Vec<Count>>();
    let older = std::thread::spawn(move || receive.iter().map(|counts| call(&counts)).collect::<Vec<_>>());
    for round in 0..4 {
        let handles: Vec<_> = files
            .iter()
            .map(|file| {
                let name = CString::new(file.as_os_str().as_encoded_bytes()).expect("no zero");
                // SAFETY: the library's constructor allocates, and no more.
                let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) };
                assert!(!handle.is_null(), "{} can't be loaded", file.display());
                handle
            })
            .collect();
        let counts: Vec<Count> = handles
            .iter()
            .map(|handle| {
                // SAFETY: the library has a function of that name and type.
                unsafe {
                    std::mem::transmute::<*mut libc::c_void, Count>(libc::dlsym(
                        *handle,
                        c"plugin_count".as_ptr(),
                    ))
                }
            })
            .collect();
        println!("round {round}: {}", call(&counts));
        // In the last round the libraries stay, since another thread calls them.
        if round == 3 {
            send.send(counts).expect("the thread waits");
        } else {
            // SAFETY: nothing of the libraries is used any more.
            handles.into_iter().for_each(|handle| unsafe { assert_eq!(libc::dlclose(handle), 0) });
        }
    }
    drop(send);
    println!("the older thread: {:?}", older.join().expect("the thread ends"));
}

fn call(counts: &[Count]) -> c_int {
    // SAFETY: the libraries are loaded.
    counts.iter().map(|count| unsafe { count() }).sum()
}
