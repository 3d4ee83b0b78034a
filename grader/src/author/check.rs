//! `cargo grade author check`.
