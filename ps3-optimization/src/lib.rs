//! Problem set 3: optimisation.
