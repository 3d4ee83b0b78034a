//! What authors of the course use: `cargo grade author …`.

pub mod calibrate;
pub mod check;
pub mod handout;
pub mod markers;
pub mod mutants;
pub mod new;
pub mod stage;
pub mod sync;
