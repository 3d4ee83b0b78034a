//! Exercise L1.1, tracking.

use crate::laws_of_track as laws;

mod concurrency;
mod correctness;
mod performance;
mod program;
mod property;
mod starved;
