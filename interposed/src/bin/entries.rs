//! Calls every function of malloc's family, at its edges too, and prints what came of it: the same with an interposer
//! as without.

use std::ffi::{c_int, c_void};

unsafe extern "C" {
    fn valloc(size: usize) -> *mut c_void;
    fn pvalloc(size: usize) -> *mut c_void;
}

const HUGE: usize = usize::MAX - 100;
/// No call sets `errno` to this.
const BEFORE: c_int = 77;

fn errno() -> &'static mut c_int {
    // SAFETY: the address is this thread's, and there is one thread.
    unsafe { &mut *libc::__errno_location() }
}

/// Prints a block's properties, and frees it.
fn tell(call: &str, size: usize, align: usize, block: *mut c_void) {
    let errno = std::mem::replace(errno(), BEFORE);
    if block.is_null() {
        println!("{call}: null, errno {errno}");
        return;
    }
    let aligned = block.addr().is_multiple_of(align);
    // SAFETY: the block is live, and has as many bytes as it says.
    unsafe {
        let enough = libc::malloc_usable_size(block) >= size;
        block.cast::<u8>().write_bytes(0xa5, size);
        libc::free(block);
        println!("{call}: aligned {aligned}, enough {enough}, errno {errno}, after free {}", *self::errno());
    }
    *self::errno() = BEFORE;
}

fn main() {
    *errno() = BEFORE;
    for size in [0, 1, 24, 4096, 1 << 20, HUGE] {
        // SAFETY: C's functions, used as C says; what they give is freed once.
        unsafe {
            tell(&format!("malloc({size})"), size, 16, libc::malloc(size));
            tell(&format!("calloc(1, {size})"), size, 16, libc::calloc(1, size));
            tell(&format!("realloc(null, {size})"), size, 16, libc::realloc(std::ptr::null_mut(), size));
            tell(&format!("valloc({size})"), size, 4096, valloc(size));
            if size != HUGE {
                tell(&format!("pvalloc({size})"), size.next_multiple_of(4096), 4096, pvalloc(size));
            }
            for align in [16, 64, 4096, 1 << 20] {
                tell(&format!("memalign({align}, {size})"), size, align, libc::memalign(align, size));
                tell(
                    &format!("aligned_alloc({align}, {size})"),
                    size,
                    align,
                    libc::aligned_alloc(align, size),
                );
            }
        }
    }
    overflow();
    alignments();
    zeroes();
    moves();
}

fn overflow() {
    let half = usize::MAX / 2 + 2;
    // SAFETY: as in `main`.
    unsafe {
        tell("calloc(half, 2)", 0, 16, libc::calloc(half, 2));
        let block = libc::malloc(10);
        tell("reallocarray(block, half, 2)", 0, 16, libc::reallocarray(block, half, 2));
        tell("the block that stayed", 10, 16, block);
        tell("reallocarray(null, 3, 8)", 24, 16, libc::reallocarray(std::ptr::null_mut(), 3, 8));
    }
}

fn alignments() {
    for align in [0, 1, 3, 4, 7, 8, 12, 16, 24, 48, usize::MAX, usize::MAX / 2 + 1] {
        let mut block = std::ptr::without_provenance_mut(5);
        // SAFETY: as in `main`.
        let error = unsafe { libc::posix_memalign(&raw mut block, align, 40) };
        println!("posix_memalign({align}, 40): {error}, errno {}", errno());
        if error == 0 {
            tell("its block", 40, align, block);
        } else {
            println!("the place is unchanged: {}", block.addr() == 5);
        }
        // `memalign` makes a power of two of what is none.
        if align < 1 << 20 {
            // SAFETY: as in `main`.
            let block = unsafe { libc::memalign(align, 40) };
            tell(&format!("memalign({align}, 40)"), 40, align.next_power_of_two(), block);
        }
    }
}

fn zeroes() {
    for size in [8, 100, 5000, 300_000] {
        // SAFETY: as in `main`; the blocks have that many bytes.
        unsafe {
            let dirty = libc::malloc(size).cast::<u8>();
            dirty.write_bytes(0xff, size);
            libc::free(dirty.cast());
            let block = libc::calloc(size / 4, 4).cast::<u8>();
            let zero = (0..size / 4 * 4).all(|at| block.add(at).read() == 0);
            println!("calloc({}, 4) reads as zero: {zero}", size / 4);
            libc::free(block.cast());
        }
    }
}

fn moves() {
    // SAFETY: as in `main`; each block has as many bytes as are written or read.
    unsafe {
        let mut block = libc::malloc(1).cast::<u8>();
        block.write(7);
        let mut size = 1;
        for next in [10, 100, 99, 3000, 200_000, 5_000_000, 64, 2] {
            block = libc::realloc(block.cast(), next).cast();
            let kept = (0..size.min(next)).all(|at| block.add(at).read() == 7);
            println!("realloc from {size} to {next} keeps the contents: {kept}, errno {}", errno());
            block.write_bytes(7, next);
            size = next;
        }
        let failed = libc::realloc(block.cast(), HUGE);
        println!(
            "realloc to {HUGE}: null {}, errno {}",
            failed.is_null(),
            std::mem::replace(errno(), BEFORE)
        );
        println!("the block is as it was: {}", block.read() == 7);
        let freed = libc::realloc(block.cast(), 0);
        println!("realloc to 0: null {}, errno {}", freed.is_null(), errno());
        libc::free(std::ptr::null_mut());
        println!("free(null): errno {}; malloc_usable_size(null): {}", errno(), {
            libc::malloc_usable_size(std::ptr::null_mut())
        });
    }
}
