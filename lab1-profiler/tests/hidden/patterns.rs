//! Exercise L1.3, patterns.
