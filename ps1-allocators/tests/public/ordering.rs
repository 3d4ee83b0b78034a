//! Extra credit: memory ordering.

use crate::laws_of_ordering as laws;
#[path = "../laws/ordering/weakest.rs"]
mod weakest;

mod concurrency;
mod correctness;
mod property;
mod yours;
