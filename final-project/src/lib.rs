//! Final project: a memory manager that real programs run on.
