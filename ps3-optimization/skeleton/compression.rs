//! Extra credit: a store of compressed pages, as zswap keeps them.
//!
//! ```text
//!   put   page ─► all one word?  remember the word
//!              ─► codec ─► small enough?  pack into a zone with others    else: rejected
//!   zone  │ page 7 ►            ◄ page 3 │      two to a 4 KiB zone, from both ends
//! ```
//!
//! Source: the Linux kernel's `mm/zswap.c` and `mm/zbud.c` (up to 6.14), `Documentation/admin-guide/mm/zswap.rst`.

use core::marker::PhantomData;

/// Bytes of a page, and of a zone.
pub const PAGE: usize = 4096;

/// A compressor, given.
pub trait Codec {
    /// Appends the compressed page to `out`.
    fn compress(&mut self, page: &[u8; PAGE], out: &mut Vec<u8>);
    /// The inverse.
    fn expand(&mut self, bytes: &[u8]) -> [u8; PAGE];
}

/// The page was not kept: it doesn't shrink enough, or the store is full. An older one of that key is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected;

/// Pages by key, in at most a number of zones.
#[derive(Debug)]
pub struct Store<C> {
    /// Owns the codec.
    codec: PhantomData<C>,
}

impl<C: Codec> Store<C> {
    /// At most `zones` zones.
    pub fn new(zones: usize, codec: C) -> Self {
        todo!("ps3.compression.new: {zones} zones, a codec of {} bytes", size_of_val(&codec))
    }

    /// Keeps a page, in place of an older one of that key.
    ///
    /// # Errors
    ///
    /// [`Rejected`].
    pub fn put(&mut self, key: u64, page: &[u8; PAGE]) -> Result<(), Rejected> {
        todo!("ps3.compression.put: keep page {key}, which starts with {}, by {:?}", page[0], self.codec)
    }

    /// The page as it was put.
    pub fn load(&mut self, key: u64) -> Option<[u8; PAGE]> {
        todo!("ps3.compression.load: page {key}")
    }

    /// Forgets a page. Whether there was one.
    pub fn invalidate(&mut self, key: u64) -> bool {
        todo!("ps3.compression.invalidate: page {key}")
    }

    /// Zones in use: a page that is all one word takes none, an empty zone is given back.
    pub fn zones(&self) -> usize {
        todo!("ps3.compression.zones: how many zones hold a page")
    }
}
