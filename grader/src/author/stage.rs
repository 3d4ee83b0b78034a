//! `cargo grade author stage`.
