//! How each exercise's requests reach the student's types.

mod buddy;
#[cfg(feature = "loom")]
mod model;
#[cfg(not(feature = "loom"))]
mod peer;
mod slab;

use crate::protocol::Request;
use driverkit::Replies;

/// Carries out one request.
pub fn carry_out(request: Request, replies: &mut Replies) {
    match request {
        Request::Buddy(job) => buddy::carry_out(job, replies),
        Request::Slab(job) => slab::carry_out(job, replies),
    }
}
