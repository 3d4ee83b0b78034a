//! Extra credit: secure memory, for a key that must not leak.
//!
//! ```text
//!   │ guard page │ ······ padding ······ │ secret │ guard page │
//!                                                 ▲ ends at the page's end: one byte past it faults
//! ```
//!
//! Sources: libsodium, "Secure memory" (`sodium_malloc`); `mlock(2)`, `madvise(2)` on `MADV_DONTDUMP`;
//! the documentation of the crates `zeroize` (why `write_volatile` and a fence) and `subtle`.

use std::io;

/// Secret bytes on pages of their own; see [`crate::os::Pages`], which is given.
///
/// It has no `Clone`, `Copy` or `Deref`, and its `Debug` output does not depend on the contents.
pub struct SecretBox {}

impl SecretBox {
    /// Moves `secret` in and clears the source, also where this fails. The pages are locked, left out of core
    /// dumps, and without access outside [`expose`](Self::expose).
    ///
    /// # Errors
    ///
    /// The system's; `InvalidInput` for an empty secret.
    pub fn new(secret: &mut [u8]) -> io::Result<Self> {
        todo!("ps2.secret.new: move {} bytes to pages of their own", secret.len())
    }

    /// Runs `read` on the contents, which can be read only meanwhile. Access ends also by a panic.
    ///
    /// # Errors
    ///
    /// The system's; `read` is then not called.
    pub fn expose<R>(&mut self, read: impl FnOnce(&[u8]) -> R) -> io::Result<R> {
        todo!("ps2.secret.expose: open the pages for a call of {} bytes", size_of_val(&read))
    }

    /// Whether the contents are `other`. The time depends on the lengths alone.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn equals(&mut self, other: &[u8]) -> io::Result<bool> {
        todo!("ps2.secret.equals: compare with {} bytes in constant time", other.len())
    }
}

impl core::fmt::Debug for SecretBox {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretBox(..)")
    }
}

impl Drop for SecretBox {
    /// Clears the contents in a way that the compiler keeps.
    fn drop(&mut self) {
        todo!("ps2.secret.drop: clear the bytes, then let the pages go")
    }
}
