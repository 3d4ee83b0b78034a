//! What the judge of problem set 1 asks its driver, and what comes back.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate.

use serde::{Deserialize, Serialize};

#[path = "protocol/heap.rs"]
pub mod heap;
#[path = "protocol/slab.rs"]
pub mod slab;

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// Exercise 1.1.
    Buddy(heap::Job),
    /// Exercise 1.2.
    Slab(slab::Job),
}
