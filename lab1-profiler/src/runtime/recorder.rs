//! Recording every event, for a trace: each thread fills a buffer, and appends it to the process's file.
//!
//! The file is opened for each buffer anew. One that stayed open would be a descriptor that the program does not know
//! of, and may close.

use super::threads::State;
use super::write::fits;
use crate::events::{Event, Recorded};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

/// Bytes of a buffer that is full.
const FULL: usize = 128 << 10;

/// What one process records.
#[derive(Debug)]
pub(super) struct Recorder {
    /// Events so far.
    number: AtomicU64,
    file: PathBuf,
    /// Whether something was not written. From then on nothing is.
    lost: AtomicBool,
}

impl Recorder {
    /// Records into `file`, which ends in `.events`.
    pub(super) fn new(file: PathBuf) -> Self {
        Self { number: AtomicU64::new(0), file, lost: AtomicBool::new(false) }
    }

    /// Notes an event of the running thread.
    pub(super) fn note(&self, state: &State, event: Event) {
        if self.lost.load(Ordering::Relaxed) {
            return;
        }
        // What the heap did before is seen by who draws later, as the block went from hand to hand.
        let number = self.number.fetch_add(1, Ordering::AcqRel);
        let thread = (&raw const *state).addr() as u64;
        state.with(|figures| {
            figures.events.extend_from_slice(&Recorded { number, thread, event }.encode());
            if figures.events.len() >= FULL {
                self.append(&mut figures.events);
            }
        });
    }

    /// Appends a thread's buffer to the file, and empties it.
    pub(super) fn append(&self, events: &mut Vec<u8>) {
        if !events.is_empty() && !self.lost.load(Ordering::Relaxed) {
            let write = || {
                let mut file = OpenOptions::new().append(true).create(true).open(&self.file)?;
                fits(file.metadata()?.len() + events.len() as u64)?;
                file.write_all(events)
            };
            if let Err(why) = write() {
                self.lose(&why);
            }
        }
        events.clear();
    }

    /// Part of a trace is none: gives its room back. The name of an empty file tells who started the program.
    #[cold]
    fn lose(&self, why: &io::Error) {
        self.lost.store(true, Ordering::Relaxed);
        let _ = std::fs::remove_file(&self.file);
        let _ = File::create(self.file.with_extension(format!("{}.lost", why.raw_os_error().unwrap_or(0))));
    }
}
