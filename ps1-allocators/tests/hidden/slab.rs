//! Exercise 1.2, the slab allocator.

use crate::laws_of_slab as laws;

mod concurrency;
mod correctness;
mod performance;
mod property;
