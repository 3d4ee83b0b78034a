//! Extra credit: zero copy. Payload is written once; what travels is who may read which part of it.
//!
//! ```text
//!   buffer (one allocation, counted)   │ header │ payload …        │
//!   slices                             └─ a ────┘└─ b ─────┘└─ c ──┘
//!   ring        producer ─► │ b │ c │   │   │ ─► consumer        descriptors, not bytes
//! ```
//!
//! Sources: the crate `bytes`; `io_uring(7)` and `Documentation/networking/af_xdp.rst` for descriptor rings.

/// A part of a shared buffer. Clones share; the buffer is freed with the last one.
#[derive(Debug)]
pub struct Slice {}

impl Slice {
    /// Takes the buffer over, without a copy.
    pub fn new(buffer: Vec<u8>) -> Self {
        todo!("ps3.zerocopy.new: share {} bytes", buffer.len())
    }

    /// A part of this part, without a copy. `None` if it does not lie inside.
    pub fn part(&self, start: usize, len: usize) -> Option<Self> {
        todo!("ps3.zerocopy.part: {len} bytes from {start}")
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        todo!("ps3.zerocopy.bytes: this part")
    }

    /// The whole buffer, without a copy, if nobody shares it; else the slice comes back.
    ///
    /// # Errors
    ///
    /// The slice.
    pub fn into_buffer(self) -> Result<Vec<u8>, Self> {
        todo!("ps3.zerocopy.into_buffer: is {self:?} the last one?")
    }
}

impl Clone for Slice {
    fn clone(&self) -> Self {
        todo!("ps3.zerocopy.clone: one more share")
    }
}

/// A ring of slices between one producer and one consumer.
#[derive(Debug)]
pub struct Ring {}

impl Ring {
    /// Room for `entries` slices, a power of two.
    pub fn new(entries: usize) -> Self {
        todo!("ps3.zerocopy.ring_new: room for {entries} slices")
    }

    /// Puts a slice in. Called by one thread at a time.
    ///
    /// # Errors
    ///
    /// The slice, if the ring is full.
    pub fn push(&self, slice: Slice) -> Result<(), Slice> {
        todo!("ps3.zerocopy.push: {slice:?}")
    }

    /// Takes the oldest slice out. Called by one thread at a time.
    pub fn pop(&self) -> Option<Slice> {
        todo!("ps3.zerocopy.pop: the oldest slice")
    }
}
