//! What the judge of lab 1 asks its driver, and what comes back.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate. A driver that is built for some
//! exercises alone leaves the jobs of the others out, and each request keeps its number.

use serde::{Deserialize, Serialize};

#[cfg(feature = "fragmentation")]
#[path = "protocol/fragmentation.rs"]
pub mod fragmentation;
#[cfg(not(feature = "fragmentation"))]
pub use driverkit::absent as fragmentation;
#[cfg(feature = "patterns")]
#[path = "protocol/patterns.rs"]
pub mod patterns;
#[cfg(not(feature = "patterns"))]
pub use driverkit::absent as patterns;
#[cfg(feature = "report")]
#[path = "protocol/report.rs"]
pub mod report;
#[cfg(not(feature = "report"))]
pub use driverkit::absent as report;
#[cfg_attr(feature = "loom", allow(dead_code, reason = "loom's driver runs models alone"))]
#[cfg(feature = "track")]
#[path = "protocol/track.rs"]
pub mod track;
#[cfg(not(feature = "track"))]
pub use driverkit::absent as track;

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
