//! Allocation traces, as judges use them: the reader is the crate `traces`.

use crate::fault::Fault;
pub use traces::{Trace, TraceError};

/// A trace that can't be read is no fault of the answer under judgement.
impl From<TraceError> for Fault {
    fn from(error: TraceError) -> Self {
        Self::Broke(error.to_string())
    }
}
