//! What the judge of problem set 1 asks its driver, and what comes back.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate.

use serde::{Deserialize, Serialize};

#[path = "protocol/heap.rs"]
pub mod heap;
#[path = "protocol/ordering.rs"]
pub mod ordering;

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// Exercise 1.1.
    Buddy(heap::Job),
    /// The extra credit.
    Ordering(ordering::Job),
}
