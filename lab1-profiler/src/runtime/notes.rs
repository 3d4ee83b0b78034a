//! What a thread saw of its blocks, and its analysis was not told yet.
//!
//! To tell each call at once would cost a lock a call, and its look-ups would wait for memory one after the other. So
//! the thread notes calls here, and whoever holds its figures tells them many at a time, in their order.

use super::threads::{Figures, Mass, State};
use super::{Base, Runtime};
use crate::Site;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};

/// How many notes there is room for: they stay in a processor's first cache.
const ROOM: usize = 128;

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    Allocated { block: usize, size: usize, site: Site },
    Moved { from: usize, to: usize, size: usize },
    Freed { block: usize },
}

/// The notes of one thread. It alone adds and clears; others may read what is there.
#[derive(Debug)]
pub(super) struct Notes {
    /// How many are there. Those below it stay as they are until all are cleared.
    len: AtomicUsize,
    places: [UnsafeCell<MaybeUninit<Note>>; ROOM],
}

// SAFETY: a place is written by one thread, before `len` says that it may be read, and again only after `clear`, whose
// contract keeps readers away.
unsafe impl Sync for Notes {}

impl Notes {
    pub(super) const fn new() -> Self {
        Self { len: AtomicUsize::new(0), places: [const { UnsafeCell::new(MaybeUninit::uninit()) }; ROOM] }
    }

    /// Adds a note. Whether there is no room for another: then [`clear`](Self::clear) comes next.
    ///
    /// # Safety
    ///
    /// Called by the notes' thread.
    #[inline]
    pub(super) unsafe fn add(&self, note: Note) -> bool {
        let len = self.len.load(Ordering::Relaxed);
        let Some(place) = self.places.get(len) else { return true };
        // SAFETY: nobody reads it before the next line, and nobody else writes.
        unsafe { place.get().write(MaybeUninit::new(note)) };
        self.len.store(len + 1, Ordering::Release);
        len + 1 == ROOM
    }

    /// All notes but the first `known`.
    pub(super) fn since(&self, known: usize) -> &[Note] {
        let len = self.len.load(Ordering::Acquire);
        let places: &[UnsafeCell<MaybeUninit<Note>>] = self.places.get(known..len).unwrap_or_default();
        // SAFETY: these places are written, and stay so for as long as `clear`'s caller leaves the reader.
        unsafe { core::slice::from_raw_parts(places.as_ptr().cast(), places.len()) }
    }

    /// Forgets all notes.
    ///
    /// # Safety
    ///
    /// Called by the notes' thread; nobody holds what [`since`](Self::since) gave.
    pub(super) unsafe fn clear(&self) {
        self.len.store(0, Ordering::Release);
    }
}

impl<B: Base> Runtime<B> {
    /// Notes a call for the analysis, where all blocks are looked at.
    #[inline]
    pub(super) fn note(&self, state: &State, note: Note) {
        // SAFETY: the state is the running thread's.
        if unsafe { state.notes.add(note) } {
            self.tell(state);
        }
    }

    /// Tells the analysis of the running thread's notes, and makes room for others.
    #[cold]
    fn tell(&self, state: &State) {
        state.with(|figures| {
            self.take_in(state, figures);
            figures.known = 0;
            // SAFETY: whoever else reads them holds the figures.
            unsafe { state.notes.clear() };
        });
    }

    /// Adds to a thread's figures what it noted since.
    pub(super) fn take_in(&self, state: &State, figures: &mut Figures) {
        let notes = state.notes.since(figures.known);
        figures.known += notes.len();
        for note in notes {
            if let Note::Allocated { size, site, .. } = *note {
                figures.add(site, Mass { blocks: 1.0, bytes: size as f64 });
            }
        }
        let (Some(patterns), Some(sizes)) = (&mut figures.patterns, &mut figures.sizes) else { return };
        self.patterns.run(|| {
            for note in notes {
                match *note {
                    Note::Allocated { block, size, site } => {
                        patterns.allocated(block, size as u64, site);
                        sizes.record(size as u64);
                    }
                    Note::Moved { from, to, size } => patterns.moved(from, to, size as u64),
                    Note::Freed { block } => patterns.freed(block),
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_in_their_order_and_once() {
        let notes = Notes::new();
        let note = |block: usize| Note::Freed { block };
        for round in 0..3 {
            let mut read = Vec::new();
            for n in 0..ROOM {
                // SAFETY: there is one thread.
                assert_eq!(unsafe { notes.add(note(round + n)) }, n + 1 == ROOM);
                if n % 7 == 0 {
                    read.extend_from_slice(notes.since(read.len()));
                }
            }
            read.extend_from_slice(notes.since(read.len()));
            assert_eq!(read, (0..ROOM).map(|n| note(round + n)).collect::<Vec<_>>());
            // SAFETY: as above.
            unsafe { notes.clear() };
            assert_eq!(notes.since(0), []);
        }
    }
}
