//! What the judge of problem set 1 asks its driver, and what comes back.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate.

use serde::{Deserialize, Serialize};

#[path = "protocol/comparison.rs"]
#[cfg_attr(feature = "loom", allow(dead_code, reason = "1.4 has no models, so loom's driver leaves it out"))]
pub mod comparison;
#[path = "protocol/heap.rs"]
pub mod heap;
#[path = "protocol/ordering.rs"]
pub mod ordering;
#[allow(dead_code, reason = "each build of the driver, and each judge, uses its part of it")]
#[path = "protocol/pool.rs"]
pub mod pool;
#[path = "protocol/slab.rs"]
pub mod slab;

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// Exercise 1.1.
    Buddy(heap::Job),
    /// Exercise 1.2.
    Slab(slab::Job),
    /// Exercise 1.3.
    Pool(pool::Job),
    /// Exercise 1.4.
    Comparison(comparison::Job),
    /// The extra credit.
    Ordering(ordering::Job),
}
