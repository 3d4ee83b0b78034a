//! Reports: each is a pure function of the one result model.

pub mod html;
pub mod json;
pub mod table;
