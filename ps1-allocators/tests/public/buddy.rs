//! Exercise 1.1, the buddy system.

use crate::laws_of_buddy as laws;
use testkit::trace::Trace;

mod concurrency;
mod correctness;
mod performance;
mod property;
mod yours;

/// A region in which no sound buddy system runs out: rounding up to powers of two takes less than twice
/// the bytes, and the rest is for what splitting strands.
fn room(trace: &Trace) -> u64 {
    (trace.peak * 4).next_multiple_of(laws::MAX) + 2 * laws::MAX
}
