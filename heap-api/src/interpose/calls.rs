//! What each function of malloc's family means, over an [`Interposer`].
//!
//! [`interpose!`](crate::interpose!)'s functions come here. `errno` is as the caller left it, unless a call fails
//! for want of memory: programs set it before they free, and read it after.

use super::{Caller, Interposer, MALLOC_ALIGN, Next, Request, Thread, bootstrap};
use core::ffi::c_int;
use core::ptr::null_mut;

/// `malloc`.
#[inline]
pub fn malloc<I: Interposer>(to: &I, size: usize, caller: Caller) -> *mut u8 {
    allocate(to, caller, Request { size, align: MALLOC_ALIGN, zeroed: false })
}

/// `calloc`.
#[inline]
pub fn calloc<I: Interposer>(to: &I, count: usize, size: usize, caller: Caller) -> *mut u8 {
    match count.checked_mul(size) {
        Some(size) => allocate(to, caller, Request { size, align: MALLOC_ALIGN, zeroed: true }),
        None => fail(libc::ENOMEM),
    }
}

/// `free`.
///
/// # Safety
///
/// As C's.
#[inline(always)]
pub unsafe fn free<I: Interposer>(to: &I, block: *mut u8) {
    if block.is_null() || bootstrap::owns(block) {
        return;
    }
    let thread = Thread::current();
    if !thread.enter() {
        // SAFETY: the caller's contract.
        return unsafe { free_later(thread, block) };
    }
    if to.passes_free(thread, block) {
        if thread.has_waiting() {
            // SAFETY: the caller's contract.
            return unsafe { free_after_waiting(to, block) };
        }
        thread.leave();
        // SAFETY: the caller's contract; it is for the next heap to serve.
        return unsafe { Next.free(block) };
    }
    // SAFETY: the caller's contract.
    unsafe { free_seen(to, block) }
}

/// The end of a `free` that passes, where others wait for it.
///
/// # Safety
///
/// As C's.
#[cold]
#[inline(never)]
unsafe fn free_after_waiting<I: Interposer>(to: &I, block: *mut u8) {
    let thread = Thread::current();
    leave(to, thread, thread.errno().get());
    // SAFETY: the caller's contract; it is for the next heap to serve.
    unsafe { Next.free(block) }
}

/// The rest of `free`, inside.
///
/// # Safety
///
/// As C's.
#[inline(never)]
unsafe fn free_seen<I: Interposer>(to: &I, block: *mut u8) {
    let thread = Thread::current();
    let before = thread.errno().get();
    // SAFETY: the caller's contract.
    unsafe { to.free(thread, block) };
    leave(to, thread, before);
}

/// `realloc`.
///
/// # Safety
///
/// As C's.
#[inline]
pub unsafe fn realloc<I: Interposer>(to: &I, block: *mut u8, size: usize, caller: Caller) -> *mut u8 {
    if block.is_null() {
        return malloc(to, size, caller);
    }
    if bootstrap::owns(block) {
        let copy = malloc(to, size, caller);
        if !copy.is_null() {
            // SAFETY: both are live and apart, and each has that many bytes.
            unsafe { copy.copy_from_nonoverlapping(block, size.min(bootstrap::size(block))) };
        }
        return copy;
    }
    let thread = Thread::current();
    if !thread.enter() {
        // SAFETY: the caller's contract.
        return unsafe { reallocate_nested(thread, block, size) };
    }
    let before = thread.errno().get();
    if to.passes_reallocation(thread, block, size) {
        leave(to, thread, before);
        // SAFETY: the caller's contract; it is for the next heap to serve.
        return unsafe {
            if size > 0 {
                return Next.reallocate(block, size);
            }
            Next.free(block);
            null_mut()
        };
    }
    // SAFETY: the caller's contract.
    let moved = unsafe { to.reallocate(thread, caller, block, size) };
    leave(to, thread, before);
    if moved.is_null() && size > 0 { fail(libc::ENOMEM) } else { moved }
}

/// `reallocarray`.
///
/// # Safety
///
/// As C's.
#[inline]
pub unsafe fn reallocarray<I: Interposer>(
    to: &I,
    block: *mut u8,
    count: usize,
    size: usize,
    caller: Caller,
) -> *mut u8 {
    match count.checked_mul(size) {
        // SAFETY: the caller's contract.
        Some(size) => unsafe { realloc(to, block, size, caller) },
        None => fail(libc::ENOMEM),
    }
}

/// `memalign`, which makes a power of two of any alignment, as glibc does.
#[inline]
pub fn memalign<I: Interposer>(to: &I, align: usize, size: usize, caller: Caller) -> *mut u8 {
    match align.checked_next_power_of_two() {
        Some(align) => allocate(to, caller, Request { size, align: align.max(MALLOC_ALIGN), zeroed: false }),
        None => fail(libc::EINVAL),
    }
}

/// `aligned_alloc`, which refuses what is no alignment, as C17 asks.
#[inline]
pub fn aligned_alloc<I: Interposer>(to: &I, align: usize, size: usize, caller: Caller) -> *mut u8 {
    if align.is_power_of_two() { memalign(to, align, size, caller) } else { fail(libc::EINVAL) }
}

/// `posix_memalign`, which returns its error.
///
/// # Safety
///
/// As C's.
#[inline]
pub unsafe fn posix_memalign<I: Interposer>(
    to: &I,
    place: *mut *mut u8,
    align: usize,
    size: usize,
    caller: Caller,
) -> c_int {
    if !align.is_power_of_two() || align < size_of::<*mut u8>() {
        return libc::EINVAL;
    }
    let block = memalign(to, align, size, caller);
    if block.is_null() {
        return libc::ENOMEM;
    }
    // SAFETY: the caller's contract.
    unsafe { place.write(block) };
    0
}

/// `valloc`.
#[inline]
pub fn valloc<I: Interposer>(to: &I, size: usize, caller: Caller) -> *mut u8 {
    memalign(to, page(), size, caller)
}

/// `pvalloc`, which gives whole pages.
#[inline]
pub fn pvalloc<I: Interposer>(to: &I, size: usize, caller: Caller) -> *mut u8 {
    match size.checked_next_multiple_of(page()) {
        Some(size) => memalign(to, page(), size, caller),
        None => fail(libc::ENOMEM),
    }
}

/// `malloc_usable_size`.
///
/// # Safety
///
/// As the C library's.
#[inline]
pub unsafe fn malloc_usable_size<I: Interposer>(to: &I, block: *mut u8) -> usize {
    if block.is_null() {
        return 0;
    }
    // SAFETY: the caller's contract.
    if bootstrap::owns(block) { unsafe { bootstrap::size(block) } } else { unsafe { to.usable_size(block) } }
}

/// What passes needs no frame on the stack: nothing but jumps lies between the program and the next heap.
#[inline(always)]
fn allocate<I: Interposer>(to: &I, caller: Caller, request: Request) -> *mut u8 {
    let thread = Thread::current();
    if !thread.enter() {
        return Next.allocate(request);
    }
    let Request { size, align, zeroed } = request;
    if to.passes_allocation(thread, size) {
        if thread.has_waiting() {
            return allocate_after_waiting(to, size, align, zeroed);
        }
        thread.leave();
        return Next.allocate(request);
    }
    allocate_seen(to, caller.frame, caller.returns_to, size, align, zeroed)
}

/// The end of an allocation that passes, where blocks wait for it to be freed.
#[cold]
#[inline(never)]
fn allocate_after_waiting<I: Interposer>(to: &I, size: usize, align: usize, zeroed: bool) -> *mut u8 {
    let thread = Thread::current();
    leave(to, thread, thread.errno().get());
    Next.allocate(Request { size, align, zeroed })
}

/// The rest of an allocation, inside. As many arguments as there are registers for.
#[inline(never)]
fn allocate_seen<I: Interposer>(
    to: &I,
    frame: usize,
    returns_to: usize,
    size: usize,
    align: usize,
    zeroed: bool,
) -> *mut u8 {
    let thread = Thread::current();
    let before = thread.errno().get();
    let block = to.allocate(thread, Caller { frame, returns_to }, Request { size, align, zeroed });
    leave(to, thread, before);
    if block.is_null() { fail(libc::ENOMEM) } else { block }
}

/// Ends what a call did inside: what was to wait until then is freed, and `errno` is what it was before.
#[inline]
fn leave<I: Interposer>(to: &I, thread: &Thread, before: c_int) {
    if thread.has_waiting() {
        free_waiting(to, thread);
    }
    thread.errno().set(before);
    thread.leave();
}

#[cold]
#[inline(never)]
fn free_waiting<I: Interposer>(to: &I, thread: &Thread) {
    while let Some(block) = thread.waited() {
        if !block.is_null() {
            // SAFETY: whoever freed the block was nested, and left it to us.
            unsafe { if to.passes_free(thread, block) { Next.free(block) } else { to.free(thread, block) } }
        }
    }
}

/// `realloc` in the midst of another call. The old block may be the interposer's: it is the interposer's to free, once
/// that is back.
///
/// # Safety
///
/// As C's.
#[cold]
unsafe fn reallocate_nested(thread: &Thread, block: *mut u8, size: usize) -> *mut u8 {
    // SAFETY: the caller's contract.
    let copy = if size == 0 { null_mut() } else { unsafe { Next.copy_out(block, size) } };
    if size == 0 || !copy.is_null() {
        // SAFETY: the caller's contract; nothing uses the block any more.
        unsafe { free_later(thread, block) };
    }
    copy
}

/// Frees a block once the outer call has ended. The interposer may know the block, and if it were freed behind its
/// back, another thread could be given the same address while the record of the old one still stands.
///
/// # Safety
///
/// As for [`Interposer::free`].
#[cold]
unsafe fn free_later(thread: &Thread, block: *mut u8) {
    if let Err(block) = thread.wait(block) {
        // SAFETY: the caller's contract. The record that may be left behind is the lesser evil.
        unsafe { Next.free(block) }
    }
}

#[cold]
fn fail(error: c_int) -> *mut u8 {
    Thread::current().errno().set(error);
    null_mut()
}

fn page() -> usize {
    // SAFETY: takes an integer; the page size is always known.
    (unsafe { libc::sysconf(libc::_SC_PAGESIZE) }) as usize
}
