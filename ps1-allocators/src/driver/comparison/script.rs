//! A subject that does what a script says, and a clock that goes on by a script; both note when they are used.

use crate::protocol::comparison::{Act, Event};
use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
use ps1_allocators::comparison::{Clock, Subject};
use std::alloc::Layout;
use std::cell::RefCell;
use std::ptr::NonNull;
use std::rc::Rc;

/// What happened, in order.
#[derive(Clone, Default)]
pub struct Log(Rc<RefCell<Vec<Event>>>);

impl Log {
    /// Notes an event.
    pub fn push(&self, event: Event) {
        self.0.borrow_mut().push(event);
    }

    /// All of it.
    pub fn take(&self) -> Vec<Event> {
        self.0.take()
    }
}

/// A clock that goes on by `ticks`, over and over.
pub struct Ticks {
    now: u64,
    readings: usize,
    ticks: Vec<u64>,
    log: Log,
}

impl Ticks {
    /// A clock at zero.
    pub fn new(ticks: Vec<u64>, log: Log) -> Self {
        Self { now: 0, readings: 0, ticks, log }
    }
}

impl Clock for Ticks {
    fn now(&mut self) -> u64 {
        self.now += self.ticks.get(self.readings % self.ticks.len().max(1)).copied().unwrap_or(0);
        self.readings += 1;
        self.log.push(Event::Clock);
        self.now
    }
}

/// A subject that follows a script.
pub struct Player {
    memory: Region,
    acts: std::vec::IntoIter<Act>,
    log: Log,
}

impl Player {
    /// Over fresh memory of `len` bytes; `None` if there is none.
    pub fn new(len: u64, acts: Vec<Act>, log: Log) -> Option<Self> {
        Some(Self { memory: Region::map(usize::try_from(len).ok()?).ok()?, acts: acts.into_iter(), log })
    }

    fn offset(&self, block: NonNull<u8>) -> i64 {
        block.addr().get().wrapping_sub(self.memory.base().addr().get()) as i64
    }

    /// The block of an act, if it lies in the memory.
    fn block(&self, act: &Act) -> Option<NonNull<[u8]>> {
        let (offset, len) = act.block?;
        let (offset, len) = (usize::try_from(offset).ok()?, usize::try_from(len).ok()?);
        let inside = offset.checked_add(len).is_some_and(|end| end <= self.memory.len());
        inside.then(|| NonNull::slice_from_raw_parts(self.memory.at(offset), len))
    }

    fn poke(&self, act: &Act) {
        for (offset, change) in &act.pokes {
            if let Some(offset) = usize::try_from(*offset).ok().filter(|offset| *offset < self.memory.len()) {
                let byte = self.memory.at(offset);
                // SAFETY: the byte lies in the memory, and nobody else runs.
                unsafe { byte.write(byte.read() ^ change) };
            }
        }
    }

    fn request(&mut self, layout: Layout, zeroed: bool) -> Option<NonNull<[u8]>> {
        let act = self.acts.next().unwrap_or_default();
        let block = self.block(&act);
        if let Some(block) = block.filter(|_| zeroed && act.honest) {
            // SAFETY: the block lies in the memory.
            unsafe { block.cast::<u8>().write_bytes(0, block.len().min(layout.size())) };
        }
        self.poke(&act);
        block
    }
}

// SAFETY: none: a script breaks the contract on purpose, and only within memory of its own. Whether its caller
// notices is what the exercise is about.
unsafe impl RawAllocator for Player {
    fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.log.push(Event::Allocate(layout.size() as u64, layout.align() as u64));
        self.request(layout, false).ok_or(AllocError)
    }

    unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        self.log.push(Event::Free(self.offset(block), layout.size() as u64, layout.align() as u64));
        let Some(act) = self.acts.next() else { return Ok(()) };
        self.poke(&act);
        act.block.map(drop).ok_or(FreeError::NotABlock)
    }

    unsafe fn reallocate(
        &mut self,
        block: NonNull<u8>,
        old: Layout,
        new_size: usize,
    ) -> Result<NonNull<[u8]>, AllocError> {
        let (size, align) = (old.size() as u64, old.align() as u64);
        self.log.push(Event::Reallocate(self.offset(block), size, align, new_size as u64));
        let act = self.acts.next().unwrap_or_default();
        let moved = self.block(&act);
        let within =
            usize::try_from(self.offset(block)).is_ok_and(|from| from + old.size() <= self.memory.len());
        if let Some(moved) = moved.filter(|_| act.honest && within) {
            let len = old.size().min(new_size).min(moved.len());
            // SAFETY: both ranges lie in the memory; they may overlap.
            unsafe { block.copy_to(moved.cast(), len) };
        }
        self.poke(&act);
        moved.ok_or(AllocError)
    }

    fn walk(&self, _visit: &mut dyn FnMut(Extent)) {}
}

impl Subject for Player {
    fn allocate_zeroed(&mut self, layout: Layout) -> Option<NonNull<[u8]>> {
        self.log.push(Event::AllocateZeroed(layout.size() as u64, layout.align() as u64));
        self.request(layout, true)
    }
}
