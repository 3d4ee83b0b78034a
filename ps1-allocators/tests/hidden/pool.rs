//! Exercise 1.3, the memory pool.

use crate::laws_of_pool as laws;

mod concurrency;
mod correctness;
mod performance;
mod property;
