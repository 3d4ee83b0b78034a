//! Where a timed loop writes its times down, out of reach of the code that is timed.
//!
//! That code runs in the same process. It cannot make a sum of times smaller, since the judge holds that against the
//! processor time that the system counts; but code that found the list of times could even it out, so that a batch which
//! takes a thousand times as long as the others is lost in what many starts have in common. So the list lies in pages that
//! nobody may touch while it runs.

use std::ptr::NonNull;
use std::time::Duration;

/// Nanoseconds of each batch, for each of `N` contestants.
#[derive(Debug)]
pub struct Ledger<const N: usize> {
    rounds: NonNull<[u32; N]>,
    batches: usize,
    /// What is mapped, in bytes.
    len: usize,
}

impl<const N: usize> Ledger<N> {
    /// An empty one for so many batches.
    ///
    /// # Panics
    ///
    /// Where there is no memory left: nothing can be timed then.
    pub fn new(batches: usize) -> Self {
        let len = (batches * size_of::<[u32; N]>()).max(1);
        let (access, kind) = (libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a mapping of its own, at an address that is free.
        let mapped = unsafe { libc::mmap(std::ptr::null_mut(), len, access, kind, -1, 0) };
        assert_ne!(mapped, libc::MAP_FAILED, "no memory is left for the times");
        let rounds = NonNull::new(mapped.cast()).expect("a mapping is not at address 0");
        Self { rounds, batches, len }
    }

    /// Writes down how long a contestant took for a batch. Takes two system calls, when no clock runs.
    ///
    /// # Panics
    ///
    /// Where there is no such batch or contestant.
    pub fn write(&mut self, batch: usize, contestant: usize, took: Duration) {
        assert!(batch < self.batches && contestant < N, "no batch {batch} or no contestant {contestant}");
        self.open(libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: the entry lies within the mapping, which is open, and nobody else refers to it.
        let round = unsafe { &mut *self.rounds.as_ptr().add(batch) };
        round[contestant] = u32::try_from(took.as_nanos()).unwrap_or(u32::MAX);
        self.open(libc::PROT_NONE);
    }

    /// All that was written; zero where nothing was.
    pub fn read(self) -> Vec<[u32; N]> {
        self.open(libc::PROT_READ);
        // SAFETY: the mapping is open, aligned to a page, as long as this, and zero where nothing was written.
        unsafe { std::slice::from_raw_parts(self.rounds.as_ptr(), self.batches) }.to_vec()
    }

    /// Sets what this process may do in the pages.
    fn open(&self, access: libc::c_int) {
        // SAFETY: the range is one mapping of ours, and no reference into it lives across a call.
        let changed = unsafe { libc::mprotect(self.rounds.as_ptr().cast(), self.len, access) };
        assert_eq!(changed, 0, "the pages of the times can't be opened or shut");
    }
}

impl<const N: usize> Drop for Ledger<N> {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing refers to it any more.
        unsafe { libc::munmap(self.rounds.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_not_is_zero() {
        let mut ledger = Ledger::<3>::new(2000);
        ledger.write(1999, 2, Duration::from_nanos(7));
        ledger.write(0, 0, Duration::from_secs(100));
        let rounds = ledger.read();
        assert_eq!((rounds.len(), rounds[0], rounds[1999]), (2000, [u32::MAX, 0, 0], [0, 0, 7]));
        assert_eq!(Ledger::<3>::new(0).read(), Vec::<[u32; 3]>::new());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_may_touch_it_between_two_entries() {
        let mut ledger = Ledger::<3>::new(1);
        ledger.write(0, 0, Duration::ZERO);
        let maps = std::fs::read_to_string("/proc/self/maps").expect("a process's own maps");
        let start = format!("{:x}-", ledger.rounds.addr());
        let line = maps.lines().find(|line| line.starts_with(&start)).expect("a mapping of its own");
        assert!(line.contains("---p"), "{line}");
    }
}
