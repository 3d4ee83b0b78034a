//! Lab 1: a memory profiler.
