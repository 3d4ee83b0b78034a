//! Security hardening: an allocator that assumes the program is broken and someone knows it.
//!
//! ```text
//!   slab        │ slot │ slot │ … │ slot │ guard page │        no metadata beside data
//!   slot        │ data …                    │ canary │        8 bytes: 0x00, then 7 of this slab's secret
//!   free slot   │ encoded link │ 0 0 0 0 …          │        zeroed on free, checked on reuse
//!   elsewhere   │ state of every slot │ slab secrets │ queue of delayed frees │
//! ```
//!
//! A canary's zero byte comes first in memory, so that a string function that runs over the end stops
//! there and can neither read nor copy the rest. An encoded link binds the value to its own address.
//!
//! Sources: hardened_malloc's README (GrapheneOS); snmalloc's `docs/security`; LLVM's GWP-ASan
//! documentation; "Safe-Linking", Check Point Research 2020 (glibc 2.32); the Linux kernel's
//! `CONFIG_SLAB_FREELIST_HARDENED` in `mm/slub.c`.

use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};

/// Bytes of a slot that the canary takes.
pub const CANARY_BYTES: usize = 8;

/// What was found broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A slot's canary changed: something wrote past the end of a block.
    Canary,
    /// A byte of a free slot changed: something wrote to a freed block.
    WriteAfterFree,
    /// A link does not decode to a free slot of its slab.
    Link,
}

/// When it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// While the block was freed.
    Free,
    /// Before the slot was handed out again.
    Reuse,
}

/// One broken slot. It is never handed out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// What was found.
    pub fault: Fault,
    /// When.
    pub moment: Moment,
    /// The slot's first byte, from the region's base.
    pub offset: usize,
}

/// Turns a free-list link into something that is of no use elsewhere.
///
/// `key` is the slab's secret, `at` the address that the link is stored at. Both go into the result: a
/// link that is copied to another slot, or made without the key, does not decode.
pub fn encode_link(key: u64, at: usize, next: usize) -> u64 {
    todo!("ps2.hardening.encode_link: mix {next:#x} with {key:#x} and its place {at:#x}")
}

/// The inverse of [`encode_link`]: `None` if `stored` was not made with this key for this place. (A random
/// value may pass once in 2^16 at the most.) Links are below 2^48, and multiples of 16.
pub fn decode_link(key: u64, at: usize, stored: u64) -> Option<usize> {
    todo!("ps2.hardening.decode_link: {stored:#x} at {at:#x} with {key:#x}")
}

/// A slab allocator over [`Slots`](crate::slots::Slots) that finds what breaks it.
///
/// Serves what `Slots::class_for` serves for the size plus [`CANARY_BYTES`].
#[derive(Debug)]
pub struct HardenedSlab {}

impl HardenedSlab {
    /// Takes over `region`. All randomness comes from `seed`.
    pub fn new(region: Region, seed: u64) -> Self {
        todo!("ps2.hardening.new: cover {region:?}, draw the secrets from {seed:#x}")
    }

    /// Gives every alarm since the last call to `sink`, oldest first.
    pub fn drain_alarms(&mut self, sink: &mut dyn FnMut(Alarm)) {
        todo!("ps2.hardening.drain_alarms: hand over what was found ({:p})", &raw const *sink)
    }

    /// Checks every slot now, free and live, as if all were freed or reused.
    pub fn verify(&mut self) {
        todo!("ps2.hardening.verify: look at every canary and every free slot")
    }
}

// SAFETY: nothing is served yet.
unsafe impl RawAllocator for HardenedSlab {
    /// A random free slot of a slab; found intact, else an alarm is raised and another one is taken.
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        todo!("ps2.hardening.allocate: a random intact slot for {layout:?}")
    }

    /// Tells every invalid and double free exactly, also while the slot is delayed. A block whose canary
    /// is broken is taken out of use, and the call succeeds: the alarm tells the rest.
    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("ps2.hardening.deallocate: check, zero and delay {block:?} of {layout:?}")
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        todo!("ps2.hardening.walk: report every slot, canary and guard page ({:p})", &raw const *visit)
    }
}
