//! The grader: plans, builds, limits, scores and reports. It knows nothing of memory management.
