//! How each exercise's requests reach the student's types, of the exercises that the driver is built for.

#[cfg(feature = "buddy")]
mod buddy;
#[cfg(all(feature = "comparison", not(feature = "loom")))]
mod comparison;
#[cfg(all(feature = "buddy", feature = "loom"))]
mod model;
#[cfg(feature = "ordering")]
mod ordering;
#[cfg(not(feature = "loom"))]
#[cfg_attr(
    not(feature = "exercises"),
    allow(dead_code, reason = "each exercise is timed beside some of them")
)]
#[path = "../peers.rs"]
mod peers;
#[cfg(feature = "pool")]
mod pool;
#[cfg(feature = "slab")]
mod slab;

use crate::protocol::Request;
use driverkit::Replies;

/// Carries out one request.
pub fn carry_out(request: Request, replies: &mut Replies) {
    match request {
        #[cfg(feature = "buddy")]
        Request::Buddy(job) => buddy::carry_out(job, replies),
        #[cfg(feature = "slab")]
        Request::Slab(job) => slab::carry_out(job, replies),
        #[cfg(feature = "pool")]
        Request::Pool(job) => pool::carry_out(job, replies),
        #[cfg(all(feature = "comparison", not(feature = "loom")))]
        Request::Comparison(job) => comparison::carry_out(job, replies),
        // It has no models.
        #[cfg(all(feature = "comparison", feature = "loom"))]
        Request::Comparison(_) => {}
        #[cfg(feature = "ordering")]
        Request::Ordering(job) => ordering::carry_out(job, replies),
    }
}
