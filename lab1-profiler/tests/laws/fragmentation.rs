//! What exercise L1.2 owes on every program, from replies alone.
