//! Use-after-free detection: handles that know their generation, and a quarantine that delays reuse.
//!
//! ```text
//!   handle   │ generation │ index │          slot    │ generation │ state │ value │
//!                  │          └─ which slot ──►            │
//!                  └───────────── equal: the same tenant ──┘      different: it was freed
//!
//!   quarantine   newest ─► ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ ─► oldest ─► really freed, when the budget is passed
//!                          └── bytes <= budget ──┘
//! ```
//!
//! A slot's generation is raised when it is freed. When it has no next generation the slot *retires*: it
//! is never handed out again, so that no stale handle ever comes alive. With `GEN_BITS` = 8 that happens
//! after 256 tenants, which is how the checks reach it.
//!
//! Sources: T. Kirsch, `slotmap` (its README explains the scheme); AddressSanitizer's quarantine
//! (K. Serebryany et al., USENIX ATC 2012, section 3.3); S. Nagarakatte et al., "CETS", ISMM 2010.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// Names one tenant of one slot: the index in the low 32 bits, the generation above.
///
/// Plain data: a handle can be copied, kept too long, sent anywhere or made up. Whether it still means
/// something is decided when it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle(u64);

impl Handle {
    /// The handle of generation `generation` of slot `index`.
    pub const fn new(index: u32, generation: u32) -> Self {
        Self((generation as u64) << 32 | index as u64)
    }

    /// Which slot.
    pub const fn index(self) -> u32 {
        self.0 as u32
    }

    /// Which tenant of it.
    pub const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// The handle's tenant is gone, or never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale;

/// No slot is free: all are live or retired. The value comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(pub T);

/// A fixed number of slots, shared by threads. Generations have `GEN_BITS` bits, 1 to 32.
///
/// Write it with `heap_api::sync` so that it can be model checked.
#[derive(Debug)]
pub struct HandleTable<T, const GEN_BITS: u32 = 32> {
    /// Owns values of `T`.
    owns: PhantomData<T>,
}

// SAFETY: a value is reached by `&T` while it is read and dropped once by one thread, whichever; so the
// table may be sent and shared where the value may be both.
unsafe impl<T: Send + Sync, const GEN_BITS: u32> Send for HandleTable<T, GEN_BITS> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync, const GEN_BITS: u32> Sync for HandleTable<T, GEN_BITS> {}

impl<T, const GEN_BITS: u32> HandleTable<T, GEN_BITS> {
    /// `capacity` free slots, all at generation 0.
    pub fn new(capacity: u32) -> Self {
        todo!("ps2.handles.new: {capacity} free slots with generations of {GEN_BITS} bits")
    }

    /// Moves `value` into a free slot.
    ///
    /// # Errors
    ///
    /// [`Full`] with the value.
    pub fn insert(&self, value: T) -> Result<Handle, Full<T>> {
        todo!("ps2.handles.insert: take a free slot for {} bytes", size_of_val(&value))
    }

    /// Runs `read` on the handle's value. Any number of threads may read at once.
    ///
    /// A value that is freed meanwhile stays whole until `read` returns.
    ///
    /// # Errors
    ///
    /// [`Stale`]; `read` is then not called.
    pub fn with<R>(&self, handle: Handle, read: impl FnOnce(&T) -> R) -> Result<R, Stale> {
        todo!("ps2.handles.with: is {handle:?} still its slot's tenant? ({} bytes)", size_of_val(&read))
    }

    /// Ends the handle's tenancy: from now on it is stale for everyone. Of any number of calls with one
    /// handle exactly one succeeds.
    ///
    /// The value is dropped at once, or by the last reader that is still inside when it leaves.
    ///
    /// # Errors
    ///
    /// [`Stale`].
    pub fn free(&self, handle: Handle) -> Result<(), Stale> {
        todo!("ps2.handles.free: end {handle:?}, raise the generation or retire the slot")
    }
}

impl<T, const GEN_BITS: u32> Drop for HandleTable<T, GEN_BITS> {
    /// Drops the live values, each once.
    fn drop(&mut self) {
        todo!("ps2.handles.drop: drop what is live")
    }
}

/// A freed block that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Its first byte.
    pub block: NonNull<u8>,
    /// What it was allocated for. It counts for `layout.size()` bytes.
    pub layout: Layout,
}

/// Freed blocks, first in first out, within a budget of bytes.
#[derive(Debug)]
pub struct Quarantine {}

impl Quarantine {
    /// Holds at most `budget` bytes.
    pub fn new(budget: usize) -> Self {
        todo!("ps2.handles.quarantine_new: an empty queue of at most {budget} bytes")
    }

    /// Adds a block, then gives the oldest ones to `release` until the budget holds again.
    ///
    /// A block larger than the whole budget goes to `release` at once, after all older ones: so the order
    /// of release is always the order of arrival.
    pub fn push(&mut self, held: Held, release: &mut dyn FnMut(Held)) {
        todo!("ps2.handles.push: queue {held:?}, evict from the old end ({:p})", &raw const *release)
    }

    /// The held block that `addr` lies in, if any.
    pub fn find(&self, addr: usize) -> Option<Held> {
        todo!("ps2.handles.find: is {addr:#x} inside a held block?")
    }

    /// The bytes held now.
    pub fn bytes(&self) -> usize {
        todo!("ps2.handles.bytes: the sum of the held sizes")
    }

    /// Gives everything to `release`, oldest first.
    pub fn drain(&mut self, release: &mut dyn FnMut(Held)) {
        todo!("ps2.handles.drain: release everything in order ({:p})", &raw const *release)
    }
}
