//! The page heap, given: runs of pages from one region, shared by threads.
//!
//! ```text
//!   region   │ run of 1 │ run of 16 (tag 7)      │ free … │ run of 2 │ free …
//!   table    │ start    │ start, then inside     │ free   │ …                 one entry a page
//! ```
//!
//! It is simple and slow on purpose: a next-fit scan under one lock. A good memory manager asks it seldom.
//! It takes all of its own memory when it is made, so that nothing here allocates later.

use core::ptr::NonNull;
use heap_api::Region;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// What a page is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Free,
    /// The first page of a run: its length in pages, and its user's tag.
    Start {
        pages: u32,
        tag: u32,
    },
    /// A later one: how many pages back the first one is.
    Inside {
        back: u32,
    },
}

/// A run that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Its first byte.
    pub base: NonNull<u8>,
    /// Its length in pages.
    pub pages: usize,
    /// What its user said about it.
    pub tag: u32,
}

/// Runs of pages from one region.
#[derive(Debug)]
pub struct PageHeap {
    region: Region,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    pages: Vec<Page>,
    /// Where the next search starts.
    next: usize,
}

impl PageHeap {
    /// All pages of `region` are free; a rest that is no whole page is not used.
    pub fn new(region: Region) -> Self {
        let pages = vec![Page::Free; region.len() / PAGE];
        Self { region, table: Mutex::new(Table { pages, next: 0 }) }
    }

    /// Takes a run whose base is a multiple of `align` pages, a power of two. Its contents are unknown.
    ///
    /// `None` if there is none, or for a length of zero.
    pub fn take(&self, pages: usize, align: usize, tag: u32) -> Option<NonNull<u8>> {
        let mut table = self.lock();
        let start = table.next;
        let first = table.find(start, pages, align).or_else(|| table.find(0, pages, align))?;
        table.pages[first] = Page::Start { pages: u32::try_from(pages).ok()?, tag };
        for inside in 1..pages {
            table.pages[first + inside] = Page::Inside { back: u32::try_from(inside).ok()? };
        }
        table.next = first + pages;
        Some(self.region.at(first * PAGE))
    }

    /// Gives the run that starts at `base` back. Whether there was one.
    pub fn give(&self, base: NonNull<u8>) -> bool {
        let Some(first) = self.region.offset_of(base).filter(|offset| offset % PAGE == 0) else {
            return false;
        };
        let mut table = self.lock();
        match table.pages.get(first / PAGE) {
            Some(&Page::Start { pages, .. }) => {
                table.pages[first / PAGE..][..pages as usize].fill(Page::Free);
                true
            }
            _ => false,
        }
    }

    /// The run that `address` lies in.
    pub fn find(&self, address: NonNull<u8>) -> Option<Run> {
        let page = self.region.offset_of(address)? / PAGE;
        let table = self.lock();
        let first = match table.pages.get(page)? {
            Page::Free => return None,
            Page::Start { .. } => page,
            Page::Inside { back } => page - *back as usize,
        };
        match table.pages[first] {
            Page::Start { pages, tag } => {
                Some(Run { base: self.region.at(first * PAGE), pages: pages as usize, tag })
            }
            _ => None,
        }
    }

    /// Returns the memory of all free pages to the system; they read as zero when they are taken again.
    /// How many pages that concerned.
    pub fn release_free(&self) -> usize {
        let table = self.lock();
        let mut released = 0;
        let mut page = 0;
        while page < table.pages.len() {
            let free = table.pages[page..].iter().take_while(|&&entry| entry == Page::Free).count();
            if free > 0 && system::release(self.region.at(page * PAGE), free * PAGE) {
                released += free;
            }
            page += free + 1;
        }
        released
    }

    /// Calls `visit` for every run, in address order, with the lock held.
    pub fn runs(&self, visit: &mut dyn FnMut(Run)) {
        for (first, page) in self.lock().pages.iter().enumerate() {
            if let Page::Start { pages, tag } = *page {
                visit(Run { base: self.region.at(first * PAGE), pages: pages as usize, tag });
            }
        }
    }

    /// The region below.
    pub const fn region(&self) -> &Region {
        &self.region
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The first page at or after `from` that starts `pages` free ones, aligned.
    fn find(&self, from: usize, pages: usize, align: usize) -> Option<usize> {
        let mut first = from.checked_next_multiple_of(align)?;
        while pages > 0 && first.checked_add(pages)? <= self.pages.len() {
            match self.pages[first..first + pages].iter().rposition(|&page| page != Page::Free) {
                None => return Some(first),
                Some(taken) => first = (first + taken + 1).checked_next_multiple_of(align)?,
            }
        }
        None
    }
}

#[cfg(all(unix, not(miri)))]
mod system {
    use core::ptr::NonNull;

    /// Tells the kernel that the contents of a range are not needed. Whether it took the memory back.
    pub(super) fn release(base: NonNull<u8>, len: usize) -> bool {
        // SAFETY: the range lies in a region that the caller owns, and is in no run, so that nobody uses
        // its contents.
        unsafe { libc::madvise(base.as_ptr().cast(), len, libc::MADV_DONTNEED) == 0 }
    }
}

#[cfg(any(not(unix), miri))]
mod system {
    use core::ptr::NonNull;

    pub(super) fn release(_: NonNull<u8>, _: usize) -> bool {
        false
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_from_inside_and_given_back_whole() {
        let heap = PageHeap::new(Region::map(16 * PAGE).expect("a small region"));
        let one = heap.take(1, 1, 1).expect("a page");
        let run = heap.take(4, 4, 7).expect("an aligned run");
        let inside = heap.region().at(heap.region().offset_of(run).expect("ours") + 3 * PAGE + 5);
        assert_eq!(heap.find(inside), Some(Run { base: run, pages: 4, tag: 7 }));
        assert!(!heap.give(inside), "not a start");
        assert!(heap.give(run) && heap.give(one) && !heap.give(one));
        assert_eq!(heap.release_free(), 16);
        assert!(heap.take(16, 1, 0).is_some() && heap.take(1, 1, 0).is_none());
    }

    #[test]
    fn what_cannot_be_served_is_refused() {
        let heap = PageHeap::new(Region::map(4 * PAGE).expect("a small region"));
        assert_eq!(heap.take(0, 1, 0), None);
        assert_eq!(heap.take(5, 1, 0), None);
        assert_eq!(heap.take(usize::MAX, 1, 0), None);
    }
}
