//! `cargo grade author mutants`.
