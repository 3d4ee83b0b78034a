//! Threads: the standard library's, or loom's under the feature `loom`.

#[cfg(feature = "loom")]
pub use loom::thread::{JoinHandle, spawn, yield_now};
#[cfg(not(feature = "loom"))]
pub use std::thread::{JoinHandle, spawn, yield_now};
