//! `cargo grade author handout`.
