//! Exercise L1.4, reports.

use crate::laws_of_report as laws;

mod correctness;
mod performance;
mod property;
