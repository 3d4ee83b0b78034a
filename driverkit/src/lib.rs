//! What drivers stand on.
//!
//! A driver is a student's library and a small fixed loop. It reads requests from its standard input, a
//! socket of the judge's, carries them out on the student's code, and writes replies to the same socket:
//!
//! ```text
//!   judge ──[Request]──► driver:  decode ─► carry out ─► reply, reply, … ─► done
//!         ◄──[Message]──            ▲            │
//!                                   └── panic hook: where and why, then the process ends
//! ```
//!
//! Nothing here judges. A reply is an offset, a count, a digest or an error; what it should have been is
//! known to the judge alone. [`wire`] and the request types are shared with it.

pub mod absent;
pub mod counting;
pub mod heap;
pub mod lock;
pub mod pages;
pub mod pair;
pub mod payload;
pub mod pin;
pub mod prng;
pub mod replies;
pub mod seal;
pub mod serve;
pub mod timed;
pub mod together;
pub mod wire;

pub use counting::Counting;
pub use replies::Replies;
pub use serve::serve;
