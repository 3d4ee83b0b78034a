//! How each exercise's requests reach the student's types, of the exercises that the driver is built for.

#[cfg(any(feature = "fragmentation", feature = "report"))]
mod checksum;
#[cfg(feature = "fragmentation")]
mod fragmentation;
#[cfg(feature = "patterns")]
mod patterns;
#[cfg(feature = "report")]
mod report;
#[cfg(feature = "track")]
mod track;

use crate::protocol::Request;
use driverkit::Replies;

/// Carries out one request.
pub fn carry_out(request: Request, replies: &mut Replies) {
    match request {
        #[cfg(feature = "track")]
        Request::Track(job) => track::carry_out(job, replies),
        #[cfg(feature = "fragmentation")]
        Request::Fragmentation(job) => fragmentation::carry_out(job, replies),
        #[cfg(feature = "patterns")]
        Request::Patterns(job) => patterns::carry_out(job, replies),
        #[cfg(feature = "report")]
        Request::Report(job) => report::carry_out(job, replies),
    }
}
