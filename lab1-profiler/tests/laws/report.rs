//! What exercise L1.4 owes on every program, from replies alone.
