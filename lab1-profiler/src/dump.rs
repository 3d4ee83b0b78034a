//! What a profiled process leaves: its figures by stack, in a file of its own. Reports are made from it afterwards.
//!
//! ```text
//!   "LAB1HEAP"  version (u32)  length (u64)  the Dump, as postcard writes it
//! ```
//!
//! Numbers of the head are little-endian; postcard's format is at <https://postcard.jamesmunns.com/wire-format>. Files
//! of several processes may follow one another.

use crate::fragmentation::Sample;
use serde::{Deserialize, Serialize};
use std::fmt;

const MAGIC: &[u8; 8] = b"LAB1HEAP";
const VERSION: u32 = 1;
const HEAD: usize = MAGIC.len() + size_of::<u32>() + size_of::<u64>();

/// A process, or what it had done when it became another program.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dump {
    /// The process's number.
    pub process: u32,
    /// Its parent's.
    pub parent: u32,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Whether the profiler was part of the program (`Profiled`), not preloaded.
    pub built_in: bool,
    /// Whether this was written at the process's end. Otherwise it was killed some time after.
    pub complete: bool,
    /// From the first call to this profile, in nanoseconds.
    pub nanoseconds: u64,
    /// One byte in so many was looked at on average; all, where `None`.
    pub sample: Option<u64>,
    /// Calls that reached the profiler.
    pub served: u64,
    /// The tracker's sums.
    pub totals: Totals,
    /// Answers that broke, and what they said. Their figures are missing.
    pub broken: Vec<(String, String)>,
    /// Files that addresses belong to.
    pub segments: Vec<Segment>,
    /// Figures by stack.
    pub sites: Vec<Site>,
    /// Histogram of sizes: the least and the largest of each bucket that is not empty, and how many.
    pub sizes: Vec<(u64, u64, u64)>,
    /// Sizes over time.
    pub points: Vec<Point>,
    /// The peak of each size, and peak footprint over peak live.
    pub peaks: Option<(Point, f64)>,
}

/// [`crate::track::Totals`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Blocks ever handed out.
    pub allocations: u64,
    /// Blocks given back.
    pub frees: u64,
    /// Changes of size.
    pub reallocations: u64,
    /// Bytes ever handed out.
    pub total_bytes: u64,
    /// Bytes live at the end.
    pub live_bytes: u64,
    /// The most that were live at once.
    pub peak_bytes: u64,
}

impl From<crate::track::Totals> for Totals {
    fn from(totals: crate::track::Totals) -> Self {
        let crate::track::Totals { allocations, frees, reallocations, total_bytes, live_bytes, peak_bytes } =
            totals;
        Self { allocations, frees, reallocations, total_bytes, live_bytes, peak_bytes }
    }
}

/// A piece of a file that was mapped to be executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Addresses mean what they say within one epoch; each unloading of a library begins another.
    pub epoch: u32,
    /// Its first address.
    pub start: u64,
    /// The one past its last.
    pub end: u64,
    /// Where it starts in the file.
    pub offset: u64,
    /// The file.
    pub file: String,
}

/// What is known of a call stack. Where it was sampled, counts are estimates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Of the segments that the addresses lie in.
    pub epoch: u32,
    /// Return addresses, innermost first.
    pub stack: Vec<u64>,
    /// Blocks ever allocated here, and their bytes.
    pub total: (f64, f64),
    /// Blocks that are live at the end, and their bytes.
    pub live: (f64, f64),
    /// Lifetimes and the like, where nothing was sampled.
    pub pattern: Option<Pattern>,
}

/// [`crate::patterns::SiteProfile`], of all threads together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// Allocations.
    pub allocations: u64,
    /// Frees by the thread that allocated.
    pub frees: u64,
    /// Blocks freed by the very next event of the thread that allocated them.
    pub temporary: u64,
    /// The sum of lifetimes of freed blocks, in bytes that the thread allocated meanwhile.
    pub lifetime: u64,
    /// The largest of the threads' scores.
    pub leak_score: f64,
}

impl Pattern {
    /// Adds another thread's.
    pub fn add(&mut self, of: &crate::patterns::SiteProfile) {
        self.allocations += of.allocations;
        self.frees += of.frees;
        self.temporary += of.temporary;
        self.lifetime = self.lifetime.saturating_add(of.lifetime);
        self.leak_score = self.leak_score.max(of.leak_score);
    }
}

/// Sizes at one moment, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Since the start.
    pub nanoseconds: u64,
    /// Calls served until then.
    pub served: u64,
    /// What the kernel gives the process memory for.
    pub resident: u64,
    /// Pages that ever held part of a live block.
    pub footprint: u64,
    /// What live blocks hold, with their padding.
    pub usable: u64,
    /// What the program asked for.
    pub live: u64,
}

impl Point {
    /// The sizes alone.
    pub fn sample(&self) -> Sample {
        let Self { resident, footprint, usable, live, .. } = *self;
        Sample { resident, footprint, usable, live }
    }

    /// Two moments in one: the later, with the larger of each size.
    #[must_use]
    pub fn join(&self, later: &Self) -> Self {
        Self {
            resident: self.resident.max(later.resident),
            footprint: self.footprint.max(later.footprint),
            usable: self.usable.max(later.usable),
            live: self.live.max(later.live),
            ..*later
        }
    }
}

/// A file that holds no profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DumpError {
    /// It does not begin as one.
    Foreign,
    /// It is of another version of this program.
    Version(u32),
    /// It ends too early, or holds something else.
    Broken,
}

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("is no heap profile"),
            Self::Version(version) => write!(f, "is of version {version}, and this program reads {VERSION}"),
            Self::Broken => f.write_str("is cut short or damaged"),
        }
    }
}

impl std::error::Error for DumpError {}

impl Dump {
    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; HEAD];
        // Neither a vector nor these types can fail to be written.
        bytes = postcard::to_extend(self, bytes).unwrap_or_default();
        let length = (bytes.len() - HEAD) as u64;
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..HEAD].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    /// Reads all profiles of a file.
    ///
    /// # Errors
    ///
    /// [`DumpError`] if there is anything else in it.
    pub fn decode_all(mut bytes: &[u8]) -> Result<Vec<Self>, DumpError> {
        let mut profiles = Vec::new();
        while !bytes.is_empty() {
            let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or(DumpError::Broken)?;
            if !head.starts_with(MAGIC) {
                return Err(DumpError::Foreign);
            }
            let version = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
            if version != VERSION {
                return Err(DumpError::Version(version));
            }
            let length = head[12..].iter().rev().fold(0, |length: u64, byte| length << 8 | u64::from(*byte));
            let length = usize::try_from(length).map_err(|_| DumpError::Broken)?;
            let (body, rest) = rest.split_at_checked(length).ok_or(DumpError::Broken)?;
            profiles.push(postcard::from_bytes(body).map_err(|_| DumpError::Broken)?);
            bytes = rest;
        }
        Ok(profiles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Dump {
        Dump {
            process: 7,
            command: vec!["ls".into(), "-l".into()],
            sites: vec![Site { stack: vec![1, u64::MAX], total: (1.0, 2.5), ..Site::default() }],
            ..Dump::default()
        }
    }

    #[test]
    fn what_is_written_is_read_also_of_several_processes() {
        let both = [profile().encode(), Dump::default().encode()].concat();
        assert_eq!(Dump::decode_all(&both), Ok(vec![profile(), Dump::default()]));
    }

    #[test]
    fn what_is_no_profile_or_only_part_of_one_is_refused() {
        let whole = profile().encode();
        for len in 1..whole.len() {
            assert_eq!(Dump::decode_all(&whole[..len]), Err(DumpError::Broken), "{len}");
        }
        assert_eq!(Dump::decode_all(&[b'x'; 99]), Err(DumpError::Foreign));
        let mut other = whole;
        other[8] = 9;
        assert_eq!(Dump::decode_all(&other), Err(DumpError::Version(9)));
    }
}
