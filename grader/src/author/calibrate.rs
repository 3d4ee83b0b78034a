//! `cargo grade author calibrate`.
