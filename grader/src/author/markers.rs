//! The marker language of solutions: `SOLUTION`, `STUB`, `END`.
