//! The heap's sizes over time.

use std::time::Duration;

/// The heap's sizes at one moment, in bytes. What is not known is `None`: where not all blocks are looked at, nobody
/// knows what they hold with their padding, or which pages they lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Since the run began.
    pub at: Duration,
    /// What the program asked for.
    pub live: Option<u64>,
    /// What blocks hold, with their padding.
    pub usable: Option<u64>,
    /// Pages that ever held part of a live block.
    pub footprint: Option<u64>,
    /// Pages that the system gives the process memory for.
    pub resident: Option<u64>,
}

/// One of the sizes.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a few words.
    pub what: &'static str,
    /// How large it was at a moment, if that is known.
    pub of: fn(&Moment) -> Option<u64>,
}

/// All sizes, from the one that is always least.
pub const SIZES: [Size; 4] = [
    Size { name: "live", what: "what the program asked for", of: |moment| moment.live },
    Size { name: "usable", what: "with the padding of its blocks", of: |moment| moment.usable },
    Size { name: "footprint", what: "pages that ever held part of a block", of: |moment| moment.footprint },
    Size { name: "resident", what: "pages that the system gives the process", of: |moment| moment.resident },
];

impl Size {
    /// The most that it is known to have been; `None` if it is not known at any moment.
    pub fn peak(&self, series: &[Moment]) -> Option<u64> {
        series.iter().filter_map(self.of).max()
    }

    /// What it was when it was last known.
    pub fn last(&self, series: &[Moment]) -> Option<u64> {
        series.iter().rev().find_map(self.of)
    }
}
