//! Lab 2: a memory debugger.
