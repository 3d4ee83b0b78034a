//! Exercise L1.3, patterns.

use crate::laws_of_patterns as laws;

mod correctness;
mod performance;
mod property;
mod yours;
