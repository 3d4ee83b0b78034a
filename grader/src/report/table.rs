//! The table report.
