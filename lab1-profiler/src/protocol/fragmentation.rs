//! Exercise L1.2: its requests and replies.

use serde::{Deserialize, Serialize};

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {}
