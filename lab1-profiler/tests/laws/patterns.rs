//! What exercise L1.3 owes on every program, from replies alone.
