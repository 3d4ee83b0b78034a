//! The way to memory that a simulated cache watches.

/// Hears of each load and store that an allocator makes for itself.
///
/// Tell it of every access to metadata before making it. What the program does with its blocks the checks
/// tell the machine themselves.
pub trait Bus {
    /// `len` bytes at `addr` are loaded.
    fn load(&mut self, addr: usize, len: usize);
    /// `len` bytes at `addr` are stored.
    fn store(&mut self, addr: usize, len: usize);
}

/// A bus that nobody listens to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Bus for Silent {
    fn load(&mut self, _: usize, _: usize) {}
    fn store(&mut self, _: usize, _: usize) {}
}
