//! What tells a driver's messages from those that a student's code writes to the same socket.

use crate::prng::SplitMix64;

/// Numbers that both ends know: the judge gives a new key with each request, and each message that follows carries the
/// next one. Code in the driver's process can write to the socket with ease, and find the key only by a search of
/// memory.
#[derive(Debug)]
pub struct Seal(SplitMix64);

impl Seal {
    /// The numbers of a key; that of messages before the first request is zero.
    pub fn new(key: u64) -> Self {
        Self(SplitMix64::new(key))
    }

    /// The next message's number.
    pub fn number(&mut self) -> u64 {
        self.0.next()
    }
}
