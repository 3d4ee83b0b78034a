//! The events of a process, as it leaves them for a trace: records of one size in a file that grows while it runs.
//!
//! Each has a number that all threads draw from one counter, so that sorted by it they are in an order that can have
//! happened. A block that is freed draws before the heap has it back, one that is allocated after the heap gave it;
//! and a move draws twice, since its old address may be another thread's before the call returns.

/// What happened to a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It was allocated.
    Allocated {
        /// Where.
        block: u64,
        /// The size that was asked for, in bytes.
        size: u64,
        /// The alignment.
        align: u64,
    },
    /// It is about to be freed.
    Freed {
        /// Where it is.
        block: u64,
    },
    /// It is about to be moved to another size, by this thread's next [`Moved`](Self::Moved).
    Moving {
        /// Where it is.
        block: u64,
    },
    /// It was moved.
    Moved {
        /// Where to; 0 where that failed, so that it stays where and as it was.
        block: u64,
        /// The new size, in bytes.
        size: u64,
    },
}

/// An event, and when whose it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Of all threads' events, in order.
    pub number: u64,
    /// The thread: another one's number is another, but may come again once it has ended.
    pub thread: u64,
    /// What happened.
    pub event: Event,
}

/// A record's words: number, thread, kind, block, size, alignment. Little-endian.
const WORDS: usize = 6;

/// A record's size in the file, in bytes.
pub const RECORD: usize = WORDS * size_of::<u64>();

impl Recorded {
    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; RECORD] {
        let (kind, block, size, align) = match self.event {
            Event::Allocated { block, size, align } => (0, block, size, align),
            Event::Freed { block } => (1, block, 0, 0),
            Event::Moving { block } => (2, block, 0, 0),
            Event::Moved { block, size } => (3, block, size, 0),
        };
        let mut bytes = [0; RECORD];
        let words = [self.number, self.thread, kind, block, size, align];
        for (place, word) in bytes.chunks_exact_mut(size_of::<u64>()).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads a record; `None` if it is none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut words = [0; WORDS];
        let places = bytes.chunks_exact(size_of::<u64>());
        for (word, place) in words.iter_mut().zip(places) {
            *word = u64::from_le_bytes(place.try_into().ok()?);
        }
        let [number, thread, kind, block, size, align] = words;
        let event = match kind {
            0 => Event::Allocated { block, size, align },
            1 => Event::Freed { block },
            2 => Event::Moving { block },
            3 => Event::Moved { block, size },
            _ => return None,
        };
        (bytes.len() == RECORD).then_some(Self { number, thread, event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for event in [
            Event::Allocated { block: 1, size: u64::MAX, align: 64 },
            Event::Freed { block: 2 },
            Event::Moving { block: 3 },
            Event::Moved { block: 0, size: 9 },
        ] {
            let recorded = Recorded { number: 7, thread: u64::MAX, event };
            let bytes = recorded.encode();
            assert_eq!(Recorded::decode(&bytes), Some(recorded));
            assert_eq!(Recorded::decode(&bytes[..RECORD - 1]), None);
        }
        assert_eq!(Recorded::decode(&[9; RECORD]), None);
    }
}
