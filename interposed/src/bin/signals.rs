//! Allocates and frees in a signal handler: blocks of its own, and one that the interrupted code allocated. With the
//! counting library told to raise the signal, the handler runs in the midst of every call.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

static HANDED: AtomicPtr<libc::c_void> = AtomicPtr::new(std::ptr::null_mut());
static RAN: AtomicUsize = AtomicUsize::new(0);

extern "C" fn handle(_: libc::c_int) {
    RAN.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the signal is raised outside C's heap: by this program between its calls, or by an interposer. The block
    // that was handed over is nobody else's.
    unsafe {
        libc::free(HANDED.swap(std::ptr::null_mut(), Ordering::Relaxed));
        let block = libc::malloc(100).cast::<u8>();
        block.write_bytes(0x5a, 100);
        let block = libc::realloc(block.cast(), 5000).cast::<u8>();
        assert!((0..100).all(|at| block.add(at).read() == 0x5a));
        libc::free(block.cast());
    }
}

fn main() {
    let handler: extern "C" fn(libc::c_int) = handle;
    // SAFETY: the handler does what is said there.
    unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
    let mut sum = 0_usize;
    for round in 0..1000_usize {
        // SAFETY: the block belongs to the handler from here on.
        let block = unsafe { libc::malloc(round + 1) };
        // SAFETY: what the handler had not freed yet is freed here.
        unsafe { libc::free(HANDED.swap(block, Ordering::Relaxed)) };
        // SAFETY: the handler is ours.
        unsafe { libc::raise(libc::SIGUSR1) };
        sum += vec![1_u8; round % 700 + 1].len();
    }
    println!("{sum} bytes, and the handler ran: {}", RAN.load(Ordering::Relaxed) >= 1000);
}
