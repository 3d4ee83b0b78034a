//! What the judge of problem set 1 asks its driver, and what comes back.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate.

use serde::{Deserialize, Serialize};

#[path = "protocol/comparison.rs"]
#[cfg_attr(feature = "loom", allow(dead_code, reason = "1.4 has no models, so loom's driver leaves it out"))]
pub mod comparison;
#[path = "protocol/heap.rs"]
pub mod heap;

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// Exercise 1.1.
    Buddy(heap::Job),
    /// Exercise 1.4.
    Comparison(comparison::Job),
}
