//! The grader as a whole, on a tiny course that stands on nothing, and on hostile submissions.

mod course;
mod explain;
mod handout;
mod hint;
mod hostile;
mod inputs;
mod scores;
mod together;
mod walls;
