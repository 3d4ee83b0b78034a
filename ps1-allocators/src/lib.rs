//! Problem set 1: custom allocators.
//!
//! Four allocators' worth of ideas, from the page allocator of a kernel to the free list of a lock-free
//! pool. The hand-out is this crate's `README.md`. You edit the listed files, [`buddy`], [`slab`],
//! [`pool`] and [`comparison`] (and [`ordering`] for extra credit); what stands here is fixed.

pub mod buddy;
pub mod comparison;
pub mod ordering;
pub mod per_thread;
pub mod pool;
pub mod slab;

mod contract;

/// The smallest block of the buddy system in bytes: order 0.
pub const MIN_BLOCK: usize = 16;

/// The largest block of the buddy system in bytes: 2 MiB, a region's alignment, so that a block that is
/// aligned to its size within the region is aligned to its size in memory.
pub const MAX_BLOCK: usize = MIN_BLOCK << MAX_ORDER;

/// The order of [`MAX_BLOCK`]: a block of order `n` has `MIN_BLOCK << n` bytes.
pub const MAX_ORDER: usize = 17;

/// What this library was built from: the grader compares it with what it meant to grade. (A static, so that
/// another text does not make the driver compile again.)
pub static SUBMISSION: Option<&str> = option_env!("GRADE_SUBMISSION");
