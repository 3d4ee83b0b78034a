//! Exercise L1.4, reports.
