//! In the place of the jobs of an exercise that a driver is not built for: there are none.

use serde::{Deserialize, Serialize};

/// No job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {}
