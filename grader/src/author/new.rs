//! `cargo grade author new`.
