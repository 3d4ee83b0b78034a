//! How each exercise's requests reach the student's types.

mod buddy;
#[cfg(not(feature = "loom"))]
mod comparison;
#[cfg(feature = "loom")]
mod model;
mod ordering;
#[cfg(not(feature = "loom"))]
#[path = "../peers.rs"]
mod peers;
mod pool;
mod slab;

use crate::protocol::Request;
use driverkit::Replies;

/// Carries out one request.
pub fn carry_out(request: Request, replies: &mut Replies) {
    match request {
        Request::Buddy(job) => buddy::carry_out(job, replies),
        Request::Slab(job) => slab::carry_out(job, replies),
        Request::Pool(job) => pool::carry_out(job, replies),
        #[cfg(not(feature = "loom"))]
        Request::Comparison(job) => comparison::carry_out(job, replies),
        // It has no models.
        #[cfg(feature = "loom")]
        Request::Comparison(_) => {}
        Request::Ordering(job) => ordering::carry_out(job, replies),
    }
}
