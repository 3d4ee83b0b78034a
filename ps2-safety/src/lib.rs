//! Problem set 2: memory safety.
//!
//! ```text
//!   bounds     is this access wholly inside one live block?          (space)
//!   handles    does this reference still mean the block it meant?    (time)
//!   shadow     may this byte be touched, and has it been written?    (state)
//!   hardening  can an attacker who breaks all three get far?         (damage)
//! ```
//!
//! The four listed files, and the extra-credit ones ([`sweep`], [`isolation`], [`secret`]), are yours.
//! Everything else here is fixed: edits to it are ignored when you are graded.
//! The hand-out is this crate's `README.md`.

pub mod bounds;
pub mod handles;
pub mod hardening;
pub mod isolation;
pub mod secret;
pub mod shadow;
pub mod sweep;

pub mod os;
pub mod slots;

mod access;
mod contract;
mod memory;

pub use access::{Access, Side};
pub use memory::Memory;

/// The submission that this library was built from, as the grader names it; `None` in your own builds.
pub static SUBMISSION: Option<&str> = option_env!("GRADE_SUBMISSION");
