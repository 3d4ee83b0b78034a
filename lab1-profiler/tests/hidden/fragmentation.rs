//! Exercise L1.2, fragmentation.
