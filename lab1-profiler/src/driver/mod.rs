//! How each exercise's requests reach the student's types.

mod checksum;
mod fragmentation;
mod patterns;
mod report;
mod track;

use crate::protocol::Request;
use driverkit::Replies;

/// Carries out one request.
pub fn carry_out(request: Request, replies: &mut Replies) {
    match request {
        Request::Track(job) => track::carry_out(job, replies),
        Request::Fragmentation(job) => fragmentation::carry_out(job, replies),
        Request::Patterns(job) => patterns::carry_out(job, replies),
        Request::Report(job) => report::carry_out(job, replies),
    }
}
