//! What each thread keeps: whether it is inside, and what waits until it is out.

use core::arch::{asm, global_asm};
use core::cell::Cell;
use core::ffi::c_int;
use core::ptr::null_mut;
use core::sync::atomic::{Ordering, compiler_fence};

/// How many nested frees wait for the outer call to end. More come only from a signal handler that frees much.
const WAITING: usize = 12;

/// A thread's own state. All zero at the thread's start.
///
/// It lies in thread-local storage of the *initial-exec* kind, which the loader lays out when the thread is made,
/// and which is reached by one addition to the thread's register. The usual kind, which `thread_local!` gives in a
/// dynamic library, asks the loader for the address; after a `dlopen` that may allocate, and so come back here,
/// without end. Nothing of it has a destructor: a thread allocates until its very last instructions, long after
/// destructors ran.
#[derive(Debug)]
#[repr(C)]
pub struct Thread {
    /// Whether a call is being served. Signal handlers of this thread see it.
    inside: Cell<bool>,
    /// How many of `waiting` are.
    count: Cell<usize>,
    /// The interposer's own, see [`slot`](Self::slot).
    slot: Cell<*mut ()>,
    slot_of: Cell<*const ()>,
    /// See [`carried`](Self::carried).
    carried: Cell<*const ()>,
    /// Where the thread's `errno` is, once that was asked.
    errno: Cell<*const Cell<c_int>>,
    /// Blocks that were freed while a call was being served. Last: the others share a cache line.
    waiting: [Cell<*mut u8>; WAITING],
}

global_asm!(
    ".pushsection .tbss.heap_api_interpose_thread, \"awT\", @nobits",
    ".hidden heap_api_interpose_thread",
    ".globl heap_api_interpose_thread",
    ".p2align 6",
    "heap_api_interpose_thread:",
    ".zero {size}",
    ".size heap_api_interpose_thread, {size}",
    ".popsection",
    size = const size_of::<Thread>(),
);

impl Thread {
    /// The running thread's.
    #[inline]
    pub(super) fn current() -> &'static Self {
        let thread: *const Self;
        // SAFETY: adds the variable's offset, which the loader wrote down for us, to the thread's register.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            asm!(
                "mov {thread}, qword ptr fs:[0]",
                "add {thread}, qword ptr [rip + heap_api_interpose_thread@GOTTPOFF]",
                thread = out(reg) thread,
                options(pure, readonly, nostack),
            );
        }
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            asm!(
                "mrs {thread}, tpidr_el0",
                "adrp {offset}, :gottprel:heap_api_interpose_thread",
                "ldr {offset}, [{offset}, :gottprel_lo12:heap_api_interpose_thread]",
                "add {thread}, {thread}, {offset}",
                thread = out(reg) thread,
                offset = out(reg) _,
                options(pure, readonly, nostack),
            );
        }
        // SAFETY: the variable is as large and aligned as a `Thread`, zero is a valid value of it, and it lives as long
        // as the thread, from which the reference can't get away: `Thread` is not `Sync`.
        unsafe { &*thread }
    }

    /// Whether this thread was not inside. Then it is from now on, until it [leaves](Self::leave).
    #[inline]
    pub(super) fn enter(&self) -> bool {
        // A signal handler runs wholly between two instructions of its thread, so plain loads and stores do, if
        // the compiler leaves them where they are.
        let was_inside = self.inside.replace(true);
        compiler_fence(Ordering::SeqCst);
        !was_inside
    }

    /// Ends what [`enter`](Self::enter) began. Nothing waits any more.
    #[inline]
    pub(super) fn leave(&self) {
        compiler_fence(Ordering::SeqCst);
        self.inside.set(false);
    }

    /// Where this thread's `errno` is: it stays there, so the C library is asked once.
    #[inline]
    pub(super) fn errno(&self) -> &Cell<c_int> {
        // SAFETY: what was found is the running thread's, which `self` is, and lives as long.
        unsafe { self.errno.get().as_ref() }.unwrap_or_else(|| self.find_errno())
    }

    #[cold]
    fn find_errno(&self) -> &Cell<c_int> {
        // SAFETY: takes nothing and can't fail.
        let errno = unsafe { libc::__errno_location() }.cast::<Cell<c_int>>();
        self.errno.set(errno);
        // SAFETY: an integer of this thread's alone.
        unsafe { &*errno }
    }

    /// Whether blocks wait to be freed.
    #[inline]
    pub(super) fn has_waiting(&self) -> bool {
        self.count.get() > 0
    }

    /// A pointer of the running thread's, null at first: for an interposer that calls code which cannot hand one on
    /// to what it calls in turn.
    #[inline]
    pub fn carried() -> *const () {
        Self::current().carried.get()
    }

    /// Sets what [`carried`](Self::carried) gives.
    #[inline]
    pub fn carry(pointer: *const ()) {
        Self::current().carried.set(pointer);
    }

    /// Keeps a block until the outer call ends; gives it back if there is no room.
    pub(super) fn wait(&self, block: *mut u8) -> Result<(), *mut u8> {
        let count = self.count.get();
        let place = self.waiting.get(count).ok_or(block)?;
        self.count.set(count + 1);
        compiler_fence(Ordering::SeqCst);
        place.set(block);
        Ok(())
    }

    /// A block that waited.
    #[inline]
    pub(super) fn waited(&self) -> Option<*mut u8> {
        let count = self.count.get().checked_sub(1)?;
        let block = self.waiting[count].replace(null_mut());
        compiler_fence(Ordering::SeqCst);
        self.count.set(count);
        Some(block)
    }

    /// Where an interposer keeps a thread's state: what [`set_slot`](Self::set_slot) was last given together with
    /// `of`, and null otherwise. `of` tells whose it is: a forked child finds its parent's here.
    #[inline]
    pub fn slot<O>(&self, of: &O) -> *mut () {
        if core::ptr::addr_eq(self.slot_of.get(), of) { self.slot.get() } else { null_mut() }
    }

    /// Sets the thread's state.
    pub fn set_slot<O>(&self, of: &O, state: *mut ()) {
        self.slot_of.set((&raw const *of).cast());
        self.slot.set(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_inside_is_nested_and_who_left_is_not() {
        let thread = Thread::current();
        for _ in 0..2 {
            assert!(thread.enter());
            assert!(!thread.enter());
            thread.leave();
        }
    }

    #[test]
    fn errno_is_where_the_c_library_has_it() {
        for _ in 0..2 {
            // SAFETY: takes nothing and can't fail.
            assert!(core::ptr::addr_eq(Thread::current().errno(), unsafe { libc::__errno_location() }));
        }
    }

    #[test]
    fn what_waits_comes_back_once_and_what_has_no_room_at_once() {
        let block = |n: usize| core::ptr::without_provenance_mut::<u8>(16 * n);
        let thread = Thread::current();
        for n in 1..=WAITING {
            assert_eq!(thread.wait(block(n)), Ok(()));
        }
        assert_eq!(thread.wait(block(99)), Err(block(99)));
        for n in (1..=WAITING).rev() {
            assert!(thread.has_waiting());
            assert_eq!(thread.waited(), Some(block(n)));
        }
        assert!(!thread.has_waiting() && thread.waited().is_none());
    }

    #[test]
    fn each_thread_has_its_own_and_a_slot_is_its_owners_alone() {
        let owners = (1_u8, 2_u8);
        let own = |thread: &Thread| (&raw const *thread).addr();
        let state = core::ptr::without_provenance_mut::<()>(8);
        Thread::current().set_slot(&owners.0, state);
        Thread::carry(state);
        assert!(Thread::current().slot(&owners.0) == state && Thread::current().slot(&owners.1).is_null());
        let there = std::thread::spawn(move || {
            assert!(Thread::current().slot(&owners.0).is_null(), "another thread's state");
            assert!(Thread::carried().is_null(), "another thread's pointer");
            own(Thread::current())
        });
        assert_ne!(own(Thread::current()), there.join().expect("the thread ends"));
        assert_eq!(Thread::carried(), state.cast_const());
    }
}
