//! The public checks of problem set 1: the judge that students see.

#[path = "../laws/home.rs"]
mod home;
#[path = "../laws/buddy.rs"]
mod laws_of_buddy;
#[path = "../laws/slab.rs"]
mod laws_of_slab;
#[path = "../../src/protocol.rs"]
mod protocol;

mod buddy;
mod slab;
