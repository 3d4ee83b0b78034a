//! A value that every process has for itself, forked children included.

use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

/// A pointer to a value that a forked child does not inherit.
///
/// After `fork`, a child of a program with threads has locks that nobody will ever release and tables that another
/// thread was in the midst of changing. Holding every lock over the fork would need a handler that knows them all,
/// runs on every way to fork, and never meets a thread that waits for the forking one. So a child begins anew
/// instead: the pointer lies on a page that the kernel zeroes in each forked child (`MADV_WIPEONFORK`, Linux 4.14;
/// elsewhere `pthread_atfork` does it). What it pointed to stays mapped in the child, unused.
///
/// A child of `vfork` shares all memory with its parent, and so this value: see [`is_own`](Self::is_own).
#[derive(Debug)]
pub struct PerProcess<T> {
    page: AtomicPtr<Page<T>>,
}

/// All zero when mapped, and again in each forked child.
#[derive(Debug)]
struct Page<T> {
    /// Null: none yet. [`making`]: being made.
    value: AtomicPtr<T>,
    /// Who made it.
    process: AtomicI32,
}

impl<T: Sync> PerProcess<T> {
    /// No value yet.
    pub const fn new() -> Self {
        Self { page: AtomicPtr::new(null_mut()) }
    }

    /// The value, if there is one.
    #[inline]
    pub fn get(&self) -> Option<&'static T> {
        let page = self.page.load(Ordering::Acquire);
        // SAFETY: a page once published stays mapped.
        let value = unsafe { page.as_ref() }?.value.load(Ordering::Acquire);
        // SAFETY: a value once published is never taken away, and `making` is no value's address.
        if value == making() { None } else { unsafe { value.as_ref() } }
    }

    /// The value; where there is none yet, `make` makes it. `None` while it is being made, be it further down this
    /// thread's own stack, and where `make` gives none.
    ///
    /// # Safety
    ///
    /// What `make` gives is valid for ever.
    #[inline]
    pub unsafe fn get_or_make(&self, make: impl FnOnce() -> Option<NonNull<T>>) -> Option<&'static T> {
        self.get().or_else(|| self.make(make))
    }

    #[cold]
    fn make(&self, make: impl FnOnce() -> Option<NonNull<T>>) -> Option<&'static T> {
        let page = self.page()?;
        let claim = page.value.compare_exchange(null_mut(), making(), Ordering::AcqRel, Ordering::Acquire);
        if claim.is_err() {
            return self.get();
        }
        let made = make().map_or(null_mut(), NonNull::as_ptr);
        // SAFETY: takes nothing and can't fail.
        page.process.store(unsafe { libc::getpid() }, Ordering::Relaxed);
        page.value.store(made, Ordering::Release);
        self.get()
    }

    /// Whether this very process made the value. Not so in a child of `vfork`: there the memory is the parent's,
    /// which is waiting, and nothing may be locked or written.
    pub fn is_own(&self) -> bool {
        let page = self.page.load(Ordering::Acquire);
        // SAFETY: as in `get`.
        let made_by = unsafe { page.as_ref() }.map_or(0, |page| page.process.load(Ordering::Relaxed));
        // SAFETY: takes nothing and can't fail.
        made_by == unsafe { libc::getpid() }
    }

    /// The page, mapped by the first who asks.
    fn page(&self) -> Option<&'static Page<T>> {
        let page = self.page.load(Ordering::Acquire);
        // SAFETY: a page once published stays mapped.
        if let Some(page) = unsafe { page.as_ref() } {
            return Some(page);
        }
        let mapped = wiped_page()?.cast::<Page<T>>().as_ptr();
        let published = self.page.compare_exchange(null_mut(), mapped, Ordering::AcqRel, Ordering::Acquire);
        // A page that lost the race is not worth the call that unmaps it.
        let page = published.map_or_else(|other| other, |_| mapped);
        // SAFETY: mapped, zeroed, large enough for a `Page`, which zeros are a valid value of, and kept.
        Some(unsafe { &*page })
    }
}

impl<T: Sync> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Stands for a value that is being made.
const fn making<T>() -> *mut T {
    core::ptr::dangling_mut()
}

/// More than any page size in use; the kernel wipes whole pages.
const PAGE: usize = 64 << 10;

/// Zeroed memory that a forked child finds zeroed again.
fn wiped_page() -> Option<NonNull<u8>> {
    let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
    // SAFETY: an anonymous mapping at an address of the kernel's choice touches nothing that exists.
    let page = unsafe { libc::mmap(null_mut(), PAGE, access, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    #[cfg(target_os = "linux")]
    // SAFETY: the range is the mapping just made.
    let wiped = unsafe { libc::madvise(page, PAGE, libc::MADV_WIPEONFORK) } == 0;
    #[cfg(not(target_os = "linux"))]
    let wiped = false;
    if !wiped {
        wipe_by_handler(page.cast());
    }
    NonNull::new(page.cast())
}

/// Where the kernel does not wipe.
#[cold]
fn wipe_by_handler(page: *mut u8) {
    /// As many as there are `PerProcess` values: the arena's, and an interposer's.
    static PAGES: [AtomicPtr<u8>; 4] = [const { AtomicPtr::new(null_mut()) }; 4];

    extern "C" fn wipe() {
        for page in &PAGES {
            let page = page.load(Ordering::Relaxed);
            if !page.is_null() {
                // SAFETY: the child has one thread, this one, and the page is mapped.
                unsafe { page.write_bytes(0, PAGE) };
            }
        }
    }

    let free = |slot: &&AtomicPtr<u8>| {
        slot.compare_exchange(null_mut(), page, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    };
    let first = PAGES[0].load(Ordering::Relaxed).is_null();
    if PAGES.iter().find(free).is_some() && first {
        // SAFETY: `wipe` may run in any child.
        unsafe { libc::pthread_atfork(None, None, Some(wipe)) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static VALUE: PerProcess<AtomicI32> = PerProcess::new();

    fn value() -> &'static AtomicI32 {
        let make = || Some(NonNull::from(Box::leak(Box::new(AtomicI32::new(7)))));
        // SAFETY: leaked.
        unsafe { VALUE.get_or_make(make) }.expect("made")
    }

    #[test]
    fn a_forked_child_has_no_value_until_it_makes_its_own() {
        value().store(8, Ordering::Relaxed);
        assert!(VALUE.is_own());
        // SAFETY: the child makes system calls only, but for `value`, which allocates: by this time no other test
        // holds a lock of the allocator for long, and the C library resets its own.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let wiped = VALUE.get().is_none() && !VALUE.is_own();
            let fresh = value().load(Ordering::Relaxed) == 7 && VALUE.is_own();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(!(wiped && fresh))) };
        }
        let mut status = 0;
        // SAFETY: the child is ours to wait for, and `status` is valid.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0, "the child found its parent's value");
        assert_eq!(value().load(Ordering::Relaxed), 8);
    }
}
