//! What the judge of lab 1 asks its driver, and what comes back.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate. A driver that is built for some
//! exercises alone leaves the jobs of the others out, and each request keeps its number.

use serde::{Deserialize, Serialize};

#[cfg_attr(feature = "fragmentation", path = "protocol/fragmentation.rs")]
#[cfg_attr(not(feature = "fragmentation"), path = "protocol/absent.rs")]
pub mod fragmentation;
#[cfg_attr(feature = "patterns", path = "protocol/patterns.rs")]
#[cfg_attr(not(feature = "patterns"), path = "protocol/absent.rs")]
pub mod patterns;
#[cfg_attr(feature = "report", path = "protocol/report.rs")]
#[cfg_attr(not(feature = "report"), path = "protocol/absent.rs")]
pub mod report;
#[cfg_attr(feature = "loom", allow(dead_code, reason = "loom's driver runs models alone"))]
#[cfg_attr(feature = "track", path = "protocol/track.rs")]
#[cfg_attr(not(feature = "track"), path = "protocol/absent.rs")]
pub mod track;

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// Exercise L1.1.
    Track(track::Job),
    /// Exercise L1.2.
    Fragmentation(fragmentation::Job),
    /// Exercise L1.3.
    Patterns(patterns::Job),
    /// Exercise L1.4.
    Report(report::Job),
}
