//! Extra credit: memory ordering.

use crate::laws_of_ordering as laws;

mod concurrency;
mod correctness;
mod property;
