//! What the grader does as a whole, on a tiny course and hostile submissions.
