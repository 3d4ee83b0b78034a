//! What exercise L1.1 owes on every program, from replies alone.
