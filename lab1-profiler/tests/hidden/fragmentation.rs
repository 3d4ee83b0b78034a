//! Exercise L1.2, fragmentation.

use crate::laws_of_fragmentation as laws;

mod correctness;
mod performance;
mod property;
