//! Criterion benchmarks for students to explore with: `cargo bench -p benches`.
//!
//! They decide nothing. What is graded is timed in pairs within one process; see `driverkit::timed`.
