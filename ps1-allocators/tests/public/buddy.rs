//! Exercise 1.1, the buddy system.

use crate::laws_of_buddy as laws;

mod concurrency;
mod correctness;
mod performance;
mod property;
mod yours;
