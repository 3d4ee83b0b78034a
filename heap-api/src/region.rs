//! A mapped range of memory that an allocator owns.

use core::alloc::Layout;
use core::fmt;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

/// What [`Region::mapped`] tells.
static MAPPED: AtomicUsize = AtomicUsize::new(0);

/// What a region's base is aligned to, in bytes: 2 MiB, the size of a huge page on x86-64 and on AArch64
/// with 4 KiB granules. So an offset aligned to `n <= REGION_ALIGN` gives an address aligned to `n`, and
/// offsets come out the same from run to run although addresses do not.
pub const REGION_ALIGN: usize = 2 << 20;

/// A range of readable and writable memory, zeroed when mapped, unmapped when dropped.
///
/// The operating system gives a page memory when it is first touched, so a large region costs nothing
/// until it is used. Derive every pointer from [`base`](Self::base): it carries the provenance of the
/// whole range. Under Miri the range is a plain allocation.
pub struct Region {
    /// Aligned to `REGION_ALIGN`; valid for `len` bytes until the region is dropped.
    base: NonNull<u8>,
    /// Bytes; neither zero nor above `isize::MAX`.
    len: usize,
}

/// The operating system did not map the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionError {
    /// The length that was asked for, in bytes.
    pub len: usize,
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't map a region of {} bytes", self.len)
    }
}

impl core::error::Error for RegionError {}

// SAFETY: a region owns its range; moving it to another thread moves that ownership.
unsafe impl Send for Region {}
// SAFETY: through `&Region` only the base and the length can be read, and neither changes.
unsafe impl Sync for Region {}

impl Region {
    /// Maps `len` bytes. The length need be no multiple of anything.
    ///
    /// # Errors
    ///
    /// [`RegionError`] if `len` is zero or the system refuses.
    pub fn map(len: usize) -> Result<Self, RegionError> {
        let refused = RegionError { len };
        let layout = Layout::from_size_align(len, REGION_ALIGN).map_err(|_| refused)?;
        if len == 0 {
            return Err(refused);
        }
        let base = source::map(layout).ok_or(refused)?;
        MAPPED.fetch_add(len, Ordering::Relaxed);
        Ok(Self { base, len })
    }

    /// The lengths of all regions of this process that are mapped now, in bytes.
    pub fn mapped() -> usize {
        MAPPED.load(Ordering::Relaxed)
    }

    /// The first byte, aligned to [`REGION_ALIGN`].
    #[inline]
    pub const fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The length in bytes.
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a region is never empty")]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// The byte `offset` bytes past the base.
    ///
    /// # Panics
    ///
    /// If `offset` is past the end. (One past the end may be formed, not read.)
    #[inline]
    pub fn at(&self, offset: usize) -> NonNull<u8> {
        assert!(offset <= self.len, "offset {offset} is past the region's {} bytes", self.len);
        // SAFETY: the range is one allocation of `len` bytes, and `offset <= len`.
        unsafe { self.base.add(offset) }
    }

    /// Asks for pages of 2 MiB, where the system has them on request, as allocators that reserve their memory ahead
    /// do. With small ones, how they happen to lie in physical memory makes some per cent between two regions, and a
    /// heap of some megabytes has more pages than the processor remembers translations.
    pub fn ask_for_huge_pages(&self) {
        #[cfg(all(target_os = "linux", not(miri)))]
        // SAFETY: the range is one mapping of ours, and the advice changes no byte of it.
        unsafe {
            libc::madvise(self.base.as_ptr().cast(), self.len, libc::MADV_HUGEPAGE);
        }
    }

    /// Tells the processor that the byte at `offset` is about to be written, so that it fetches the cache line
    /// meanwhile. A hint: it reads and writes nothing, and any offset will do. It is none where the target has no
    /// such instruction.
    ///
    /// Stores don't train a processor's prefetchers as loads do, so an allocator that hands out memory without a look at
    /// it gains by saying which comes next. TCMalloc does, as it takes an object from a list.
    #[inline]
    pub fn prefetch(&self, offset: usize) {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            use core::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
            // SAFETY: a prefetch touches no memory that the program sees, and faults on no address.
            unsafe { _mm_prefetch::<_MM_HINT_ET0>(self.base.as_ptr().wrapping_add(offset).cast()) };
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        let _ = offset;
    }

    /// How far `ptr` is past the base, if it is the region's.
    #[inline]
    pub fn offset_of(&self, ptr: NonNull<u8>) -> Option<usize> {
        let offset = ptr.addr().get().wrapping_sub(self.base.addr().get());
        (offset < self.len).then_some(offset)
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        MAPPED.fetch_sub(self.len, Ordering::Relaxed);
        // SAFETY: `base` and `len` are what `map` was asked for and gave, and nobody else unmaps them.
        unsafe { source::unmap(self.base, self.len) }
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Pages from the kernel.
#[cfg(all(unix, not(miri)))]
mod source {
    use super::REGION_ALIGN;
    use core::alloc::Layout;
    use core::ptr::{NonNull, null_mut};

    /// `mmap` promises page alignment only: map more by the alignment, and give the ends back.
    pub(super) fn map(layout: Layout) -> Option<NonNull<u8>> {
        let len = pages(layout.size())?;
        let padded = len.checked_add(REGION_ALIGN)?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches nothing that exists.
        let start =
            unsafe { libc::mmap(null_mut(), padded, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return None;
        }
        let start = start.cast::<u8>();
        let before = start.addr().next_multiple_of(REGION_ALIGN) - start.addr();
        let after = padded - before - len;
        // SAFETY: `before + len + after` is the mapping just made, all multiples of the page size; the
        // two ends are unmapped before anyone knows of them, and the middle stays.
        unsafe {
            if before > 0 {
                libc::munmap(start.cast(), before);
            }
            if after > 0 {
                libc::munmap(start.add(before + len).cast(), after);
            }
            NonNull::new(start.add(before))
        }
    }

    /// # Safety
    ///
    /// `base` is what `map` gave for `len` bytes, and nothing uses it any more.
    pub(super) unsafe fn unmap(base: NonNull<u8>, len: usize) {
        let len = pages(len).unwrap_or(len);
        // SAFETY: the caller's contract. A failure leaves the range mapped, which is a leak and no more.
        unsafe { libc::munmap(base.as_ptr().cast(), len) };
    }

    /// Rounds up to the largest page size in use (64 KiB, on some AArch64 kernels), so that the ends are
    /// whole pages wherever we run.
    fn pages(len: usize) -> Option<usize> {
        len.checked_next_multiple_of(64 << 10)
    }
}

/// A plain allocation, where there is no `mmap`.
#[cfg(any(not(unix), miri))]
mod source {
    use super::REGION_ALIGN;
    use core::alloc::Layout;
    use core::ptr::NonNull;
    use std::alloc::{alloc_zeroed, dealloc};

    pub(super) fn map(layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: `Region::map` refuses zero.
        NonNull::new(unsafe { alloc_zeroed(layout) })
    }

    /// # Safety
    ///
    /// `base` is what `map` gave for `len` bytes, and nothing uses it any more.
    pub(super) unsafe fn unmap(base: NonNull<u8>, len: usize) {
        // SAFETY: `map` was given the same size and alignment.
        unsafe { dealloc(base.as_ptr(), Layout::from_size_align_unchecked(len, REGION_ALIGN)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_aligned_and_every_byte_is_zero_and_writable() {
        for len in [1, 4096, 100_000, (2 << 20) + 1] {
            let region = Region::map(len).expect("a small region");
            assert_eq!(region.base().addr().get() % REGION_ALIGN, 0);
            for offset in 0..len {
                // SAFETY: the offset lies in the region, which nobody else knows.
                unsafe {
                    assert_eq!(region.at(offset).read(), 0);
                    region.at(offset).write(7);
                }
            }
        }
    }

    #[test]
    fn an_empty_region_and_one_past_the_address_space_are_refused() {
        assert_eq!(Region::map(0).err(), Some(RegionError { len: 0 }));
        assert!(Region::map(usize::MAX).is_err());
        assert!(Region::map(isize::MAX as usize).is_err());
    }

    #[test]
    fn offsets_lead_back_to_the_address_and_strangers_have_none() {
        let region = Region::map(8192).expect("a small region");
        assert_eq!(region.offset_of(region.at(100)), Some(100));
        assert_eq!(region.offset_of(region.at(8192)), None);
        let elsewhere = Region::map(8192).expect("a small region");
        assert_eq!(region.offset_of(elsewhere.base()), None);
    }
}
