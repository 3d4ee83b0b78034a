//! What the judge of problem set 1 asks its driver, and what comes back.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate. A driver that is built for some
//! exercises alone leaves the jobs of the others out, and each request keeps its number.

use serde::{Deserialize, Serialize};

#[cfg_attr(feature = "comparison", path = "protocol/comparison.rs")]
#[cfg_attr(not(feature = "comparison"), path = "protocol/absent.rs")]
#[cfg_attr(feature = "loom", allow(dead_code, reason = "1.4 has no models, so loom's driver leaves it out"))]
pub mod comparison;
#[cfg_attr(feature = "buddy", path = "protocol/heap.rs")]
#[cfg_attr(not(feature = "buddy"), path = "protocol/absent.rs")]
pub mod heap;
#[cfg_attr(feature = "ordering", path = "protocol/ordering.rs")]
#[cfg_attr(not(feature = "ordering"), path = "protocol/absent.rs")]
pub mod ordering;
#[allow(dead_code, reason = "each build of the driver, and each judge, uses its part of it")]
#[cfg_attr(feature = "pool", path = "protocol/pool.rs")]
#[cfg_attr(not(feature = "pool"), path = "protocol/absent.rs")]
pub mod pool;
#[cfg_attr(feature = "slab", path = "protocol/slab.rs")]
#[cfg_attr(not(feature = "slab"), path = "protocol/absent.rs")]
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
