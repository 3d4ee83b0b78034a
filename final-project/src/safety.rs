//! Safety as a policy: what is checked, and what it may cost, is chosen when the heap is made.
//!
//! ```text
//!   block     │ asked for … │ canary … │        from exactly the size to the block's end
//!   freed     zeroed or poisoned ─► quarantine (bytes <= budget) ─► checked ─► layer below
//!   guarded   │ no access │     … block │ no access │       one allocation in n, at random
//! ```
//!
//! Sources: hardened_malloc's README; LLVM's GWP-ASan documentation; AddressSanitizer, USENIX ATC 2012;
//! your own 2.4 and L2.2, which you may copy in.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;
use heap_api::{AllocError, Extent, FreeError, Owns, SharedAllocator};

/// What is done for safety. [`Policy::OFF`] costs nothing that can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Bytes of freed blocks that wait before reuse; 0 for none.
    pub quarantine: usize,
    /// Whether blocks end in a canary.
    pub canaries: bool,
    /// Whether blocks are zeroed when freed, and checked before reuse.
    pub zero_on_free: bool,
    /// One allocation in so many gets pages of its own between guard pages; 0 for none.
    pub guard_one_in: u32,
    /// Where secrets and choices come from.
    pub seed: u64,
}

impl Policy {
    /// Nothing is checked.
    pub const OFF: Self =
        Self { quarantine: 0, canaries: false, zero_on_free: false, guard_one_in: 0, seed: 0 };

    /// Everything is: what the safe mode is graded with.
    pub const SAFE: Self =
        Self { quarantine: 1 << 20, canaries: true, zero_on_free: true, guard_one_in: 1000, seed: 0x5afe };
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Something wrote past a block's end.
    Overflow,
    /// Something wrote to a freed block.
    WriteAfterFree,
    /// A block was freed twice. Also returned as a [`FreeError`].
    DoubleFree,
    /// What was freed is no block. Also returned as a [`FreeError`].
    InvalidFree,
}

/// One fault and the block it concerns. The block is not handed out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// Where: the block, or the address that was freed.
    pub block: NonNull<u8>,
}

// SAFETY: the pointer is an address to report; nobody reads through it.
unsafe impl Send for Finding {}

/// A layer that checks, over any allocator.
#[derive(Debug)]
pub struct Hardened<A> {
    /// Owns the layer below.
    below: PhantomData<A>,
}

impl<A: SharedAllocator> Hardened<A> {
    /// Checks what `policy` says.
    pub fn new(below: A, policy: Policy) -> Self {
        todo!("final.safety.new: {policy:?} over {} bytes", size_of_val(&below))
    }

    /// The layer below.
    pub fn below(&self) -> &A {
        todo!("final.safety.below: the layer that new was given {:?}", self.below)
    }

    /// What was found since the last call, oldest first.
    pub fn take_findings(&self) -> Vec<Finding> {
        todo!("final.safety.take_findings: hand them over")
    }

    /// Empties the quarantine into the layer below, checking each block.
    pub fn drain(&self) {
        todo!("final.safety.drain: check and release what waits")
    }
}

// SAFETY: nothing is served yet.
unsafe impl<A: SharedAllocator> SharedAllocator for Hardened<A> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        todo!("final.safety.allocate: {layout:?} with what the policy adds")
    }

    unsafe fn deallocate(&self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("final.safety.deallocate: check {block:?} of {layout:?}, then delay it")
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        todo!("final.safety.walk: the layer below knows ({:p})", &raw const *visit)
    }
}

impl<A: SharedAllocator + Owns> Owns for Hardened<A> {
    fn owns(&self, ptr: NonNull<u8>) -> bool {
        todo!("final.safety.owns: {ptr:?} is the layer below's, or a guarded block")
    }
}
