//! What the exercises ask of the operating system, given.
//!
//! ```text
//!    guard page │ data pages … │ guard page        Pages::map(data)
//!    no access  │  as protected │ no access
//! ```

use core::ptr::NonNull;
use std::io;

/// What the hardware lets a program do with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Every touch faults.
    None,
    /// Stores fault.
    Read,
    /// Loads and stores pass.
    ReadWrite,
}

/// Whole pages of their own, between two guard pages; unmapped when dropped.
///
/// Dropping does not clear them: whoever put a secret there clears it first.
#[derive(Debug)]
pub struct Pages {
    /// The first data byte, on a page boundary; valid for `len` bytes until dropped.
    data: NonNull<u8>,
    /// Data bytes: a multiple of the page size, not zero.
    len: usize,
}

// SAFETY: the pages are owned, and owning them does not depend on the thread.
unsafe impl Send for Pages {}
// SAFETY: `&Pages` gives the address, the length and system calls that are safe from any thread.
unsafe impl Sync for Pages {}

impl Pages {
    /// The first data byte.
    pub const fn data(&self) -> NonNull<u8> {
        self.data
    }

    /// The data's length in bytes, rounded up to whole pages; never zero.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Maps at least `len` zeroed data bytes between two guard pages, readable and writable.
    ///
    /// # Errors
    ///
    /// The system's, or `InvalidInput` for a length of zero or beyond the address space.
    pub fn map(len: usize) -> io::Result<Self> {
        system::map(len).map(|(data, len)| Self { data, len })
    }

    /// Sets what may be done with all the data pages. The guard pages never change.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn protect(&self, protection: Protection) -> io::Result<()> {
        system::protect(self.data, self.len, protection)
    }

    /// Keeps the data pages in memory: they are never written to swap.
    ///
    /// # Errors
    ///
    /// The system's: usually that `RLIMIT_MEMLOCK` is reached.
    pub fn lock(&self) -> io::Result<()> {
        system::lock(self.data, self.len)
    }

    /// Leaves the data pages out of a core dump. Does nothing where the system has no such setting.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn exclude_from_dumps(&self) -> io::Result<()> {
        system::exclude_from_dumps(self.data, self.len)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        system::unmap(self.data, self.len);
    }
}

/// The size of a page in bytes.
pub fn page_size() -> usize {
    system::page_size()
}

#[cfg(all(unix, not(miri)))]
mod system {
    use super::Protection;
    use core::ptr::{NonNull, null_mut};
    use std::io;

    pub(super) fn page_size() -> usize {
        // SAFETY: `sysconf` only reads a setting.
        usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
    }

    pub(super) fn map(len: usize) -> io::Result<(NonNull<u8>, usize)> {
        let page = page_size();
        let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
        let data = len.checked_next_multiple_of(page).filter(|&data| data > 0).ok_or_else(invalid)?;
        let whole = data.checked_add(2 * page).ok_or_else(invalid)?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches nothing that exists.
        let start = unsafe { libc::mmap(null_mut(), whole, libc::PROT_NONE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the mapping is `page + data + page` long.
        let start = unsafe { start.cast::<u8>().add(page) };
        let Some(start) = NonNull::new(start) else {
            return Err(invalid());
        };
        if let Err(error) = protect(start, data, Protection::ReadWrite) {
            unmap(start, data);
            return Err(error);
        }
        Ok((start, data))
    }

    pub(super) fn protect(data: NonNull<u8>, len: usize, protection: Protection) -> io::Result<()> {
        let bits = match protection {
            Protection::None => libc::PROT_NONE,
            Protection::Read => libc::PROT_READ,
            Protection::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        };
        // SAFETY: the range is a mapping that `map` made and its owner still holds.
        check(unsafe { libc::mprotect(data.as_ptr().cast(), len, bits) })
    }

    pub(super) fn lock(data: NonNull<u8>, len: usize) -> io::Result<()> {
        // SAFETY: as in `protect`; locking changes no contents.
        check(unsafe { libc::mlock(data.as_ptr().cast(), len) })
    }

    #[cfg(target_os = "linux")]
    pub(super) fn exclude_from_dumps(data: NonNull<u8>, len: usize) -> io::Result<()> {
        // SAFETY: as in `protect`; this advice changes no contents.
        check(unsafe { libc::madvise(data.as_ptr().cast(), len, libc::MADV_DONTDUMP) })
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn exclude_from_dumps(_: NonNull<u8>, _: usize) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn unmap(data: NonNull<u8>, len: usize) {
        let page = page_size();
        // SAFETY: `map` made `page + len + page` bytes around `data`, and the owner is being dropped. A
        // failure leaves them mapped, which is a leak and no more.
        unsafe { libc::munmap(data.as_ptr().sub(page).cast(), len + 2 * page) };
    }

    fn check(result: i32) -> io::Result<()> {
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(any(not(unix), miri))]
mod system {
    use super::Protection;
    use core::ptr::NonNull;
    use std::io;

    pub(super) fn page_size() -> usize {
        4096
    }
    pub(super) fn map(_: usize) -> io::Result<(NonNull<u8>, usize)> {
        Err(io::ErrorKind::Unsupported.into())
    }
    pub(super) fn protect(_: NonNull<u8>, _: usize, _: Protection) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    pub(super) fn lock(_: NonNull<u8>, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    pub(super) fn exclude_from_dumps(_: NonNull<u8>, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    pub(super) fn unmap(_: NonNull<u8>, _: usize) {}
}
