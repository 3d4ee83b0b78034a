//! What a driver writes into a live block, and how both sides tell whether it is still there.
//!
//! The bytes of a block depend on the program's seed and the block's id, so two blocks that overlap, or
//! an allocator that writes into a live one, change a digest that the judge can compute without having
//! seen the memory. A prefix of a payload is a payload, so a block that was moved keeps its key.

use crate::prng::mix;

/// Sums that grow side by side.
const LANES: usize = 4;

/// The key of a block's payload.
pub const fn key(seed: u64, id: u32) -> u64 {
    mix(seed ^ ((id as u64) << 32) ^ id as u64)
}

/// The word of the payload at byte `offset`, which is a multiple of eight.
#[inline]
const fn word(key: u64, offset: usize) -> u64 {
    (key ^ offset as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

/// Calls `visit(offset, bytes)` for each word of a block of `len` bytes: eight bytes each, the last one
/// maybe fewer.
#[inline]
fn words(len: usize, mut visit: impl FnMut(usize, usize)) {
    let whole = len & !7;
    for offset in (0..whole).step_by(8) {
        visit(offset, 8);
    }
    if whole < len {
        visit(whole, len - whole);
    }
}

/// Writes the payload of `len` bytes.
///
/// # Safety
///
/// `block` is valid for writes of `len` bytes.
pub unsafe fn fill(block: *mut u8, len: usize, key: u64) {
    words(len, |offset, bytes| {
        // SAFETY: `offset + bytes <= len`, which the caller vouches for.
        unsafe { block.add(offset).copy_from_nonoverlapping(word(key, offset).to_le_bytes().as_ptr(), bytes) }
    });
}

/// The digest of the first `len` bytes of a block as they stand.
///
/// # Safety
///
/// `block` is valid for reads of `len` bytes, and they are initialised.
pub unsafe fn digest(block: *const u8, len: usize) -> u64 {
    summed(len, |offset, bytes| {
        let mut value = [0; 8];
        // SAFETY: `offset + bytes <= len`, which the caller vouches for.
        unsafe { block.add(offset).copy_to_nonoverlapping(value.as_mut_ptr(), bytes) };
        u64::from_le_bytes(value)
    })
}

/// The digest that an untouched payload of `len` bytes has.
pub fn expected(len: usize, key: u64) -> u64 {
    summed(len, |offset, bytes| word(key, offset) & u64::MAX >> (64 - 8 * bytes))
}

/// The sum of a block's words. Each step waits for the one before it, so four sums grow side by side where a block is long
/// enough.
#[inline]
fn summed(len: usize, word: impl Fn(usize, usize) -> u64) -> u64 {
    let mut lanes = [0; LANES];
    let wide = len - len % (8 * LANES);
    for offset in (0..wide).step_by(8 * LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum = fold(*sum, word(offset + 8 * lane, 8));
        }
    }
    let mut sum = if wide > 0 { lanes.into_iter().fold(0, fold) } else { 0 };
    words(len - wide, |offset, bytes| sum = fold(sum, word(wide + offset, bytes)));
    sum
}

/// Order matters, so that swapped words show.
#[inline]
const fn fold(sum: u64, word: u64) -> u64 {
    (sum ^ word).wrapping_mul(0x2545_f491_4f6c_dd1d).rotate_left(23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untouched_payload_has_the_expected_digest_and_a_flipped_byte_shows() {
        for len in [0, 1, 7, 8, 9, 31, 32, 33, 100, 4096, 4097, 5000, 100_001] {
            let mut block = vec![0; len];
            // SAFETY: the vector is `len` bytes long and initialised.
            unsafe {
                fill(block.as_mut_ptr(), len, 42);
                assert_eq!(digest(block.as_ptr(), len), expected(len, 42), "length {len}");
            }
            for at in [0, len / 2, len.saturating_sub(1)] {
                if at < len {
                    block[at] ^= 1;
                    // SAFETY: as above.
                    assert_ne!(unsafe { digest(block.as_ptr(), len) }, expected(len, 42), "length {len}");
                    block[at] ^= 1;
                }
            }
        }
    }

    #[test]
    fn blocks_of_one_program_have_payloads_of_their_own() {
        assert_ne!(expected(16, key(1, 0)), expected(16, key(1, 1)));
        assert_ne!(expected(16, key(1, 0)), expected(16, key(2, 0)));
    }
}
