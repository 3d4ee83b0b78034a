//! The public checks of problem set 1: the judge that students see.

#[path = "../laws/home.rs"]
mod home;
#[path = "../laws/buddy.rs"]
mod laws_of_buddy;
#[path = "../../src/protocol.rs"]
mod protocol;

mod buddy;
