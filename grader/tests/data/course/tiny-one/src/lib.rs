pub mod double;
pub mod later;
pub mod more;
pub mod triple;

mod contract;

pub const SUBMISSION: Option<&str> = option_env!("GRADE_SUBMISSION");
