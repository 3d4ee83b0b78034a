//! What judges stand on: the driver client, the oracle, traces and paired timing.
