//! Criterion benchmarks for students to explore with.
