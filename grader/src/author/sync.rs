//! `cargo grade author sync`.
