//! What the judge of lab 1 asks its driver, and what comes back.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate.

use serde::{Deserialize, Serialize};

#[path = "protocol/fragmentation.rs"]
pub mod fragmentation;
#[path = "protocol/patterns.rs"]
pub mod patterns;
#[path = "protocol/report.rs"]
pub mod report;
#[cfg_attr(feature = "loom", allow(dead_code, reason = "loom's driver runs models alone"))]
#[path = "protocol/track.rs"]
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
