//! Where code lies: what addresses of a stack may be, and which file each belongs to.

use super::maps;
use core::ops::Range;
use std::time::{Duration, Instant};

/// How often mappings are read again at most, for an address that is in none of them.
const PAUSE: Duration = Duration::from_millis(2);

/// No process has addresses from here on.
const END: usize = 1 << 48;

/// What an address is known to lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapped {
    /// Something that can be executed.
    Code,
    /// Something that can't, or no process can have.
    Data,
    /// Nothing that was there when mappings were last read.
    Unknown,
}

/// A mapping of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// Between which two unloadings of libraries it was there.
    pub(super) epoch: u32,
    pub(super) range: Range<usize>,
    /// Of the file's byte at the range's start.
    pub(super) offset: u64,
    /// The file; empty for code that was made at run time.
    pub(super) file: String,
}

/// The mappings of a process, as they were last read, and all code that there ever was.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// When the mappings were read, and for which epoch.
    read: Option<(Instant, u32)>,
    /// In order of addresses; whether each is code.
    mappings: Vec<(Range<usize>, bool)>,
    pub(super) segments: Vec<Segment>,
}

impl Code {
    /// What an address lies in.
    pub(super) fn kind(&self, epoch: u32, address: usize) -> Mapped {
        if address >= END {
            return Mapped::Data;
        }
        if self.read.is_none_or(|(_, of)| of != epoch) {
            return Mapped::Unknown;
        }
        let after = self.mappings.partition_point(|(range, _)| range.start <= address);
        match self.mappings[..after].last() {
            Some((range, true)) if range.contains(&address) => Mapped::Code,
            Some((range, false)) if range.contains(&address) => Mapped::Data,
            _ => Mapped::Unknown,
        }
    }

    /// Reads the mappings, unless that was just done: garbage may look like an address again and again. Whether it did.
    pub(super) fn read_again(&mut self, epoch: u32) -> bool {
        let now = Instant::now();
        if self.read.is_some_and(|(then, of)| of == epoch && now - then < PAUSE) {
            return false;
        }
        self.read = Some((now, epoch));
        self.mappings.clear();
        maps::visit(|mapping| {
            let range = mapping.range.0..mapping.range.1;
            if mapping.executable {
                let (offset, file) = (mapping.offset, mapping.name.to_owned());
                let segment = Segment { epoch, range: range.clone(), offset, file };
                if !self.segments.contains(&segment) {
                    self.segments.push(segment);
                }
            }
            self.mappings.push((range, mapping.executable));
            false
        });
        true
    }
}
