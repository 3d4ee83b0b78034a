//! A sound allocator that makes one mistake, at one chance.
//!
//! What is a chance follows from the operations alone, so the judge can tell when the mistake was made.

use crate::protocol::comparison::{Fault, FaultKind};
use heap_api::{AllocError, Extent, FreeError, RawAllocator};
use ps1_allocators::comparison::Subject;
use std::alloc::Layout;
use std::ptr::NonNull;

/// Calls after which [`FaultKind::HandsOutTwiceLate`] begins.
const LATE: u64 = 1000;

/// A sound allocator with one fault, or none.
pub struct Faulty {
    peer: Box<dyn RawAllocator>,
    fault: Option<Fault>,
    /// Chances that have passed.
    passed: u32,
    calls: u64,
    /// In the order in which they were handed out.
    live: Vec<(NonNull<u8>, Layout)>,
    /// Blocks that the peer does not know as they are, or that two ids have.
    odd: Vec<NonNull<u8>>,
    /// The largest size freed so far.
    freed: usize,
    bytes: usize,
    /// The most live bytes since everything was free, and what counts as full.
    peak: usize,
    half: usize,
    refuses: bool,
}

impl Faulty {
    /// `half` is what must have been live before everything is freed, for [`FaultKind::RefusesAfterFreeAll`].
    pub fn new(peer: Box<dyn RawAllocator>, fault: Option<Fault>, half: usize) -> Self {
        let (live, odd) = (Vec::new(), Vec::new());
        Self {
            peer,
            fault,
            passed: 0,
            calls: 0,
            live,
            odd,
            freed: 0,
            bytes: 0,
            peak: 0,
            half,
            refuses: false,
        }
    }

    /// Whether this chance for `kind` is the one.
    fn strikes(&mut self, kind: FaultKind) -> Option<u64> {
        let fault = self.fault.filter(|fault| fault.kind == kind)?;
        self.passed += 1;
        (self.passed == fault.chance + 1).then_some(fault.seed)
    }

    fn request(&mut self, layout: Layout, zeroed: bool) -> Option<NonNull<[u8]>> {
        self.calls += 1;
        if self.refuses {
            return None;
        }
        let fits = |(_, live): &&(_, Layout)| live.size() >= layout.size() && live.align() >= layout.align();
        let twice = self.live.iter().filter(fits).count();
        let kind = self.fault.map(|fault| fault.kind);
        let late = kind == Some(FaultKind::HandsOutTwiceLate) && self.calls > LATE;
        if twice > 0 && (late || kind == Some(FaultKind::HandsOutTwice)) {
            let seed = kind.and_then(|kind| self.strikes(kind));
            if let Some(seed) = seed {
                let (start, _) = *self.live.iter().filter(fits).nth(seed as usize % twice)?;
                self.odd.push(start);
                return self.hand_out(start, layout, layout.size());
            }
        }
        if layout.align() >= 64 && self.strikes(FaultKind::Misaligns).is_some() {
            let wider = Layout::from_size_align(layout.size() + layout.align(), layout.align()).ok()?;
            let start = self.peer.allocate(wider).ok()?.cast::<u8>();
            // SAFETY: the block is longer by the alignment, so half of that leaves room for the size.
            let start = unsafe { start.add(layout.align() / 2) };
            self.odd.push(start);
            // SAFETY: the bytes lie in the block.
            unsafe { start.write_bytes(0, layout.size()) };
            return self.hand_out(start, layout, layout.size());
        }
        let start = self.peer.allocate(layout).ok()?.cast::<u8>();
        if zeroed {
            // SAFETY: the block holds the layout's bytes.
            unsafe { start.write_bytes(0, layout.size()) };
            if self.freed >= layout.size()
                && let Some(seed) = self.strikes(FaultKind::LeavesDirty)
            {
                change(start, seed as usize % layout.size(), 1, seed);
            }
        }
        if let Some((victim, link)) = self.live.last().copied()
            && link.size() >= 8
            && let Some(seed) = self.strikes(FaultKind::WritesLink)
        {
            change(victim, 0, 8, seed);
        }
        let short = layout.size() >= 2 && self.strikes(FaultKind::CutsShort).is_some();
        self.hand_out(start, layout, layout.size() - usize::from(short))
    }

    fn hand_out(&mut self, start: NonNull<u8>, layout: Layout, len: usize) -> Option<NonNull<[u8]>> {
        self.live.push((start, layout));
        self.bytes += layout.size();
        self.peak = self.peak.max(self.bytes);
        Some(NonNull::slice_from_raw_parts(start, len))
    }

    fn forget(&mut self, block: NonNull<u8>, layout: Layout) {
        if let Some(index) = self.live.iter().rposition(|live| *live == (block, layout)) {
            self.live.remove(index);
        }
        self.bytes = self.bytes.saturating_sub(layout.size());
        self.freed = self.freed.max(layout.size());
    }

    /// What a moved block loses.
    fn lose(&mut self, start: NonNull<u8>, old: usize, new: usize) {
        if new < old
            && let Some(seed) = self.strikes(FaultKind::LosesOnShrink)
        {
            change(start, new - 1, 1, seed);
        }
        if new > old
            && new < 2 * old
            && let Some(seed) = self.strikes(FaultKind::LosesOnGrowth)
        {
            change(start, seed as usize % old, 1, seed);
        }
        if new >= 2 * old
            && let Some(seed) = self.strikes(FaultKind::ForgetsOnGrowth)
        {
            change(start, 0, old, seed);
        }
    }
}

/// Changes `len` bytes of a block, each for certain.
fn change(start: NonNull<u8>, at: usize, len: usize, seed: u64) {
    for index in at..at + len {
        // SAFETY: every caller names bytes of a live block, and nobody else runs.
        unsafe { start.add(index).write(start.add(index).read() ^ ((seed >> 32) as u8 | 1)) };
    }
}

// SAFETY: the peer keeps the contract. Where the fault breaks it, it does so on purpose and within memory of
// the peer's region; whether the caller notices is what the exercise is about.
unsafe impl RawAllocator for Faulty {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.request(layout, false).ok_or(AllocError)
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        self.calls += 1;
        if self.strikes(FaultKind::RefusesFree).is_some() {
            return Err(FreeError::NotABlock);
        }
        self.forget(block, layout);
        if !self.live.is_empty()
            && let Some(seed) = self.strikes(FaultKind::CorruptsNeighbour)
        {
            let (victim, layout) = self.live[seed as usize % self.live.len()];
            change(victim, (seed >> 16) as usize % layout.size(), 1, seed);
        }
        if self.live.is_empty() && std::mem::take(&mut self.peak) >= self.half {
            self.refuses |= self.strikes(FaultKind::RefusesAfterFreeAll).is_some();
        }
        if self.odd.contains(&block) {
            return Ok(());
        }
        // SAFETY: the caller's contract, and the peer knows the block.
        unsafe { self.peer.deallocate(block, layout) }
    }

    unsafe fn reallocate(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        self.calls += 1;
        let new = Layout::from_size_align(new_size, old.align()).map_err(|_| AllocError)?;
        if self.refuses {
            return Err(AllocError);
        }
        let moved = if self.odd.contains(&block) {
            let moved = self.peer.allocate(new)?;
            // SAFETY: both hold the count, and the new one is nobody's.
            unsafe { block.copy_to(moved.cast(), old.size().min(new_size)) };
            moved
        } else {
            // SAFETY: the caller's contract, and the peer knows the block.
            unsafe { self.peer.reallocate(block, old, new_size) }?
        };
        self.forget(block, old);
        self.freed = self.freed.max(old.size());
        self.lose(moved.cast(), old.size(), new_size);
        self.hand_out(moved.cast(), new, new_size).ok_or(AllocError)
    }

    fn walk(&self, visit: &mut dyn FnMut(Extent)) {
        self.peer.walk(visit);
    }
}

impl Subject for Faulty {
    fn allocate_zeroed(&mut self, layout: Layout) -> Option<NonNull<[u8]>> {
        self.request(layout, true)
    }
}
