//! Extra credit: same-page merging, as the kernel's KSM does it.
//!
//! ```text
//!   page ─► in the stable tree?    share that frame (copy on write)
//!        ─► changed since last?    wait
//!        ─► in the unstable tree?  merge the two into a stable frame     else: insert it there
//! ```
//!
//! Sources: A. Arcangeli, I. Eidus and C. Wright, "Increasing memory density by using KSM", Linux
//! Symposium 2009; the comment at the head of the Linux kernel's `mm/ksm.c`.

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// A page of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(pub u32);

/// Pages that may share frames.
#[derive(Debug)]
pub struct Merger {}

impl Merger {
    /// `pages` pages, each a zeroed frame of its own.
    pub fn new(pages: u32) -> Self {
        todo!("ps3.dedup.new: {pages} zeroed pages")
    }

    /// Writes `bytes` at `offset` of a page. Other pages that share its frame keep their contents.
    ///
    /// # Panics
    ///
    /// If the bytes do not fit into the page.
    pub fn write(&mut self, page: PageId, offset: usize, bytes: &[u8]) {
        todo!("ps3.dedup.write: {} bytes to {page:?} at {offset}", bytes.len())
    }

    /// A page's contents.
    pub fn read(&self, page: PageId) -> &[u8; PAGE] {
        todo!("ps3.dedup.read: {page:?}")
    }

    /// Looks at the next `count` pages in turn. The unstable tree starts anew with each full round.
    pub fn scan(&mut self, count: usize) {
        todo!("ps3.dedup.scan: look at {count} pages")
    }

    /// Which frame a page has: two pages share one if and only if these are equal.
    pub fn frame_of(&self, page: PageId) -> u32 {
        todo!("ps3.dedup.frame_of: {page:?}")
    }
}
