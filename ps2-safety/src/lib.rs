//! Problem set 2: memory safety.
