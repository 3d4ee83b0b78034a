//! Problem set 1: custom allocators.
