//! Exercise L1.1, tracking.
