//! What the judge of problem set 1 asks its driver, and what comes back.
//!
//! The judge takes this file in by path, so it names nothing of the student's crate. A driver that is built for some
//! exercises alone leaves the jobs of the others out, and each request keeps its number.

use serde::{Deserialize, Serialize};

#[cfg(feature = "comparison")]
#[path = "protocol/comparison.rs"]
#[cfg_attr(feature = "loom", allow(dead_code, reason = "1.4 has no models, so loom's driver leaves it out"))]
pub mod comparison;
#[cfg(not(feature = "comparison"))]
pub use driverkit::absent as comparison;
#[cfg(feature = "buddy")]
#[path = "protocol/heap.rs"]
pub mod heap;
#[cfg(not(feature = "buddy"))]
pub use driverkit::absent as heap;
#[cfg(feature = "ordering")]
#[path = "protocol/ordering.rs"]
pub mod ordering;
#[cfg(not(feature = "ordering"))]
pub use driverkit::absent as ordering;
#[allow(dead_code, reason = "each build of the driver, and each judge, uses its part of it")]
#[cfg(feature = "pool")]
#[path = "protocol/pool.rs"]
pub mod pool;
#[cfg(not(feature = "pool"))]
pub use driverkit::absent as pool;
#[cfg(feature = "slab")]
#[path = "protocol/slab.rs"]
pub mod slab;
#[cfg(not(feature = "slab"))]
pub use driverkit::absent as slab;

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
