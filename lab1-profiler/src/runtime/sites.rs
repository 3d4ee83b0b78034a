//! Numbers for call stacks: equal stacks have one, and different ones differ.
//!
//! Looking a stack up takes no lock; adding one does. Nothing is ever moved or freed: readers may still be there.

use super::code::{Code, Mapped};
use super::stack::{self, Astray, Start};
use crate::Site;
use core::ops::Range;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A stack that was met.
#[derive(Debug)]
pub(super) struct Stack {
    hash: u64,
    site: Site,
    /// Between which two unloadings of libraries its addresses are to be read.
    pub(super) epoch: u32,
    pub(super) frames: Box<[usize]>,
}

/// All stacks.
#[derive(Debug)]
pub(super) struct Sites {
    table: AtomicPtr<Table>,
    epoch: AtomicU32,
    astray: Astray,
    known: Mutex<Known>,
}

/// What only changes under the lock.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By number.
    pub(super) stacks: Vec<&'static Stack>,
    pub(super) code: Code,
}

/// Places at first.
const FIRST: usize = 1 << 10;

impl Sites {
    pub(super) fn new() -> Self {
        Self {
            table: AtomicPtr::new(Box::into_raw(Box::new(Table::new(FIRST)))),
            epoch: AtomicU32::new(0),
            astray: Astray::new(),
            known: Mutex::default(),
        }
    }

    /// Libraries were unloaded: an address that comes up from now on is another one.
    pub(super) fn unloaded(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// All that is known so far.
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the stack that begins at `from`, within `stack`.
    ///
    /// # Safety
    ///
    /// `stack` is mapped and readable.
    #[inline]
    pub(super) unsafe fn site(&self, from: Start, stack: &Range<usize>) -> Site {
        let epoch = self.epoch.load(Ordering::Relaxed);
        let (mut room, mut hash) = (stack::room(), Hash::new(epoch));
        // SAFETY: the caller's contract.
        let frames =
            unsafe { stack::walk(from, stack, &self.astray, &mut room, |address| hash.add(address)) };
        self.table().find(hash.0, epoch, frames).unwrap_or_else(|| self.add(epoch, frames))
    }

    #[inline]
    fn table(&self) -> &Table {
        // SAFETY: tables are never freed.
        unsafe { &*self.table.load(Ordering::Acquire) }
    }

    /// Adds a stack, as far as it is code. What follows its first address is a guess until that is seen.
    #[cold]
    fn add(&self, epoch: u32, frames: &[usize]) -> Site {
        let mut known = self.known();
        let no_code = |known: &Known| {
            let kinds = frames.iter().map(|address| known.code.kind(epoch, *address));
            kinds.enumerate().find(|(_, kind)| *kind != Mapped::Code)
        };
        // A return address is mapped for as long as its frame is there. So what is unknown right after a reading is none.
        let unknown = no_code(&known).is_some_and(|(_, kind)| kind == Mapped::Unknown);
        let just_read = unknown && known.code.read_again(epoch);
        let no_code = no_code(&known);
        let frames = &frames[..no_code.map_or(frames.len(), |(at, _)| at.max(1))];
        if no_code.is_some_and(|(at, kind)| at > 0 && (kind == Mapped::Data || just_read)) {
            self.astray.note(frames[frames.len() - 1]);
        }
        let hash = Hash::of(epoch, frames);
        if let Some(site) = self.table().find(hash, epoch, frames) {
            return site;
        }
        let site = known.stacks.len() as Site;
        let stack: &'static Stack = Box::leak(Box::new(Stack { hash, site, epoch, frames: frames.into() }));
        known.stacks.push(stack);
        if 2 * known.stacks.len() > self.table().places.len() {
            let larger = Table::new(2 * self.table().places.len());
            known.stacks.iter().for_each(|stack| larger.insert(stack));
            // The old one is left to whoever still reads it.
            self.table.store(Box::into_raw(Box::new(larger)), Ordering::Release);
        } else {
            self.table().insert(stack);
        }
        site
    }
}

/// Open addressing. A power of two of places, at most half of them taken.
#[derive(Debug)]
struct Table {
    places: Box<[AtomicPtr<Stack>]>,
}

impl Table {
    fn new(places: usize) -> Self {
        Self { places: (0..places).map(|_| AtomicPtr::default()).collect() }
    }

    fn probe(&self, hash: u64) -> impl Iterator<Item = &AtomicPtr<Stack>> {
        let mask = self.places.len() - 1;
        (hash as usize..).map(move |at| &self.places[at & mask])
    }

    #[inline]
    fn find(&self, hash: u64, epoch: u32, frames: &[usize]) -> Option<Site> {
        for place in self.probe(hash) {
            // SAFETY: stacks are never freed, and are whole when they are published.
            let stack = unsafe { place.load(Ordering::Acquire).as_ref() }?;
            if stack.hash == hash && stack.epoch == epoch && *stack.frames == *frames {
                return Some(stack.site);
            }
        }
        None
    }

    fn insert(&self, stack: &'static Stack) {
        let free = self.probe(stack.hash).find(|place| place.load(Ordering::Relaxed).is_null());
        if let Some(place) = free {
            place.store((&raw const *stack).cast_mut(), Ordering::Release);
        }
    }
}

/// Multiplies and folds, an address at a time, while the next one is still on its way from memory.
struct Hash(u64);

impl Hash {
    fn new(epoch: u32) -> Self {
        Self(u64::from(epoch))
    }

    #[inline]
    fn add(&mut self, address: usize) {
        let product = u128::from(self.0 ^ address as u64) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    /// Of a whole stack.
    fn of(epoch: u32, frames: &[usize]) -> u64 {
        let mut hash = Self::new(epoch);
        frames.iter().for_each(|address| hash.add(*address));
        hash.0
    }
}
