//! Exercise 1.4, the performance comparison.

use crate::laws_of_comparison as laws;

mod correctness;
mod property;
