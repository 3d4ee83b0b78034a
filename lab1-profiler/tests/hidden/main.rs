//! The hidden checks of lab 1: the judge that instructors grade with.

#[allow(dead_code, reason = "judges read accounts, and the profiler writes them")]
#[path = "../../src/account.rs"]
mod account;
#[allow(dead_code, reason = "until every exercise has its checks")]
#[path = "../laws/home.rs"]
mod home;
#[path = "../laws/fragmentation.rs"]
mod laws_of_fragmentation;
#[allow(dead_code, reason = "the judges share the laws of L1.3, and each uses its part")]
#[path = "../laws/patterns.rs"]
mod laws_of_patterns;
#[path = "../laws/report.rs"]
mod laws_of_report;
#[allow(dead_code, reason = "the judges share the laws of L1.1, and each uses its part")]
#[path = "../laws/track.rs"]
mod laws_of_track;
#[allow(dead_code, reason = "until every exercise has its checks")]
#[path = "../../src/protocol.rs"]
mod protocol;

mod fragmentation;
mod patterns;
mod report;
mod track;
