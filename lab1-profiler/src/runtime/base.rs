//! The heap at the bottom, and how a call reaches it through a tracker that knows less of it.
//!
//! A [`Heap`] has three functions; C and Rust say more with each call: whether memory has to be zero, which layout a
//! block was allocated with. What is said besides waits in the thread's [`Call`] while the tracker works.

use crate::Heap;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::{NonNull, null};

/// The heap that serves a program.
///
/// # Safety
///
/// As for [`Heap`].
pub unsafe trait Base: Sync + 'static {
    /// A block, or null.
    fn allocate(&self, layout: Layout, zeroed: bool) -> *mut u8;

    /// Takes a block back.
    ///
    /// # Safety
    ///
    /// `block` is live and came from this heap, with `layout` where the heap is told layouts.
    unsafe fn free(&self, block: *mut u8, layout: Layout);

    /// Moves a block to another size, which is not zero; null on failure, when the block stays.
    ///
    /// # Safety
    ///
    /// As for `free`.
    unsafe fn reallocate(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8;

    /// What a block of `asked` bytes holds, with its padding.
    ///
    /// # Safety
    ///
    /// `block` is live and came from this heap.
    unsafe fn usable_size(&self, block: *mut u8, asked: usize) -> usize;

    /// A pointer that the running thread keeps for the profiler, null at first.
    #[inline]
    fn carried(&self) -> *const () {
        CARRIED.get()
    }

    /// Sets what [`carried`](Self::carried) gives.
    #[inline]
    fn carry(&self, pointer: *const ()) {
        CARRIED.set(pointer);
    }
}

// SAFETY: a global allocator keeps the same promises.
unsafe impl<A: GlobalAlloc + Sync + 'static> Base for A {
    fn allocate(&self, layout: Layout, zeroed: bool) -> *mut u8 {
        // SAFETY: Rust asks for no empty layout.
        unsafe { if zeroed { self.alloc_zeroed(layout) } else { self.alloc(layout) } }
    }

    unsafe fn free(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { self.dealloc(block, layout) }
    }

    unsafe fn reallocate(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's contract.
        unsafe { self.realloc(block, layout, size) }
    }

    unsafe fn usable_size(&self, _: *mut u8, asked: usize) -> usize {
        asked
    }
}

/// What a thread's tracker is to reach at the bottom.
#[derive(Debug)]
pub(super) struct Call {
    deed: Deed,
    /// Of the block at hand, or of the one that is wanted.
    layout: Layout,
    /// What came of it: the block, null where there is none. `None` until the tracker came here.
    outcome: Cell<Option<*mut u8>>,
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    /// What the tracker asks for.
    Serve {
        /// Whether the block that is wanted has to be zero.
        zeroed: bool,
    },
    /// Nothing: the block is there, and only to be recorded.
    Adopt(NonNull<u8>),
    /// Nothing: the block is only to be forgotten.
    Keep,
}

std::thread_local! {
    static CARRIED: Cell<*const ()> = const { Cell::new(null()) };
}

impl Call {
    pub(super) const fn serve(layout: Layout, zeroed: bool) -> Self {
        Self { deed: Deed::Serve { zeroed }, layout, outcome: Cell::new(None) }
    }

    pub(super) const fn adopt(block: NonNull<u8>) -> Self {
        Self { deed: Deed::Adopt(block), layout: Layout::new::<u8>(), outcome: Cell::new(None) }
    }

    pub(super) const fn keep(layout: Layout) -> Self {
        Self { deed: Deed::Keep, layout, outcome: Cell::new(None) }
    }

    /// Runs `through`, which calls the tracker before `base`. Where that breaks before it came here, `or` does the deed.
    #[inline]
    pub(super) fn carry_out(
        &self,
        base: &impl Base,
        through: impl FnOnce() -> bool,
        or: impl FnOnce() -> *mut u8,
    ) -> *mut u8 {
        base.carry((&raw const *self).cast());
        let went_well = through();
        base.carry(null());
        debug_assert!(!went_well || self.outcome.get().is_some(), "the tracker left out the heap");
        self.outcome.get().unwrap_or_else(or)
    }
}

/// The tracker's heap: does what the thread's [`Call`] says.
#[derive(Debug)]
pub(super) struct Bottom<B: 'static>(pub(super) &'static B);

impl<B: Base> Bottom<B> {
    #[inline]
    fn with(&self, work: impl FnOnce(&B, &Call) -> *mut u8) -> Option<NonNull<u8>> {
        // SAFETY: set for the duration of the tracker's call, by the frame that owns it; null otherwise.
        let call = unsafe { self.0.carried().cast::<Call>().as_ref() }?;
        let outcome = work(self.0, call);
        call.outcome.set(Some(outcome));
        NonNull::new(outcome)
    }
}

// SAFETY: the base's promises; a block to adopt is nobody else's.
unsafe impl<B: Base> Heap for Bottom<B> {
    fn malloc(&self, size: usize, align: usize) -> Option<NonNull<u8>> {
        let layout = Layout::from_size_align(size, align).ok()?;
        self.with(|base, call| match call.deed {
            Deed::Serve { zeroed } => base.allocate(layout, zeroed),
            Deed::Adopt(block) => block.as_ptr(),
            Deed::Keep => core::ptr::null_mut(),
        })
    }

    unsafe fn free(&self, block: NonNull<u8>) {
        self.with(|base, call| {
            if let Deed::Serve { .. } = call.deed {
                // SAFETY: the caller's contract; the layout is the block's.
                unsafe { base.free(block.as_ptr(), call.layout) };
            }
            core::ptr::null_mut()
        });
    }

    unsafe fn realloc(&self, block: NonNull<u8>, size: usize, _: usize) -> Option<NonNull<u8>> {
        // SAFETY: the caller's contract; the layout is the block's.
        self.with(|base, call| unsafe { base.reallocate(block.as_ptr(), call.layout, size) })
    }
}
