//! What students' code is timed beside where it has no peer: a checksum of the same bytes.
//!
//! Its steps depend on each other, so it takes a machine's time and nothing else: no memory, no luck.

/// Where a checksum begins: FNV-1a's offset basis (G. Fowler, L. C. Noll, K.-P. Vo).
pub const CHECKSUM: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, byte by byte.
#[inline]
pub fn checksum(sum: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(sum, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
