//! Times slabs with a home a thread beside a peer, on two threads that free one another's objects.
//!
//! ```text
//!   thread 0   allocate, write ─► its oldest: look, free ──one in five──┐      look, free ◄─ mailbox
//!   thread 1   allocate, write ─► its oldest: look, free                └────► mailbox ─► look, free
//! ```

use crate::driver::peers::{Global, LockedList};
use crate::protocol::slab::{Peer, Together};
use driverkit::Replies;
use driverkit::together::{self, Contestant, Work, added};
use heap_api::{Region, SharedAllocator};
use ps1_allocators::per_thread::PerThread;
use std::alloc::{Layout, System};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// The most objects that a thread holds at once.
const WINDOW: usize = 256;
/// Of so many frees one is the other thread's.
const ONE_IN: u32 = 5;
/// What objects are asked for, in bytes.
const SIZES: [usize; 8] = [16, 24, 32, 48, 64, 104, 208, 480];
/// Objects that wait for the other thread at most. Where it does not come to them, their own thread frees more.
const PLACES: usize = 256;

/// Times two threads beside a peer and its twin. Nothing is replied where a region can't be mapped.
pub fn time(together: &Together, replies: &mut Replies) {
    let Together { peer, home, work } = *together;
    let map = |bytes: u64| Region::map(bytes as usize).ok();
    let student = || Some(Racing::new(PerThread::new(vec![map(home)?, map(home)?]), work));
    match peer {
        Peer::LockedList => {
            let peer = || Some(Racing::new(LockedList::new(map(2 * home)?), work));
            together::time(&work, student, peer, replies);
        }
        Peer::System => {
            together::time(&work, student, || Some(Racing::new(Global(System), work)), replies);
        }
    }
}

/// An allocator that two threads use, and what they hand each other.
struct Racing<A> {
    allocator: A,
    /// A thread's own, by its number.
    mailboxes: [Mailbox; 2],
    work: Work,
}

impl<A: SharedAllocator> Racing<A> {
    fn new(allocator: A, work: Work) -> Self {
        Self { allocator, mailboxes: [Mailbox::new(), Mailbox::new()], work }
    }

    /// An object with the word at its start and its end, which also says how large it is.
    #[inline]
    fn make(&self, word: u64) -> Option<NonNull<u8>> {
        let layout = layout(word);
        let start = self.allocator.allocate(layout).ok()?.cast::<u8>();
        // SAFETY: the allocator says that the object is ours and holds the layout's size, 16 bytes or more.
        unsafe {
            start.cast::<u64>().write(word);
            start.add(layout.size() - 8).cast::<u64>().write(word);
        }
        Some(start)
    }

    #[inline]
    fn free(&self, object: NonNull<u8>, word: u64) {
        // SAFETY: the object is live and came for this layout. A refused free shows in other checks.
        let _ = unsafe { self.allocator.deallocate(object, layout(word)) };
    }
}

impl<A: SharedAllocator> Contestant for Racing<A> {
    /// All objects are looked at by their own thread before it frees them or hands them over. What the other
    /// thread finds must be as it was; otherwise the sum is not what it should be.
    #[inline(never)]
    fn half(&self, thread: u32, batch: u32) -> u64 {
        let mut held: [Option<NonNull<u8>>; WINDOW] = [None; WINDOW];
        let window = (self.work.window as usize).clamp(1, WINDOW);
        let own = &self.mailboxes[thread as usize];
        let other = &self.mailboxes[1 - thread as usize];
        let (mut sum, mut freed, mut place) = (0_u64, 0_u32, 0);
        let mut retire = |object: NonNull<u8>| {
            let (first, last) = look(object);
            sum = added(sum, first, last);
            freed += 1;
            if !freed.is_multiple_of(ONE_IN) || !other.leave(object) {
                self.free(object, first);
            }
            if freed.is_multiple_of(ONE_IN) {
                // Two, so that a mailbox that has filled empties again.
                for object in [own.find(), own.find()].into_iter().flatten() {
                    let (first, last) = look(object);
                    sum = sum.wrapping_add(u64::from(first != last));
                    self.free(object, first);
                }
            }
        };
        for id in 0..self.work.values {
            if let Some(oldest) = held[place].take() {
                retire(oldest);
            }
            held[place] = self.make(self.work.word(thread, batch, id));
            place = if place + 1 == window { 0 } else { place + 1 };
        }
        held.into_iter().flatten().for_each(retire);
        sum
    }
}

/// What an object is asked for whose word this is.
#[inline]
fn layout(word: u64) -> Layout {
    let layout = Layout::from_size_align(SIZES[(word >> 61) as usize], 8);
    layout.unwrap_or(Layout::new::<[u64; 2]>())
}

/// The words at an object's start and end.
#[inline]
fn look(object: NonNull<u8>) -> (u64, u64) {
    // SAFETY: an object is filled when it is made, and its maker hands it over once, with Release.
    unsafe {
        let first = object.cast::<u64>().read();
        (first, object.add(layout(first).size() - 8).cast::<u64>().read())
    }
}

/// Objects on their way to a thread, the oldest first. One thread leaves them, another finds them.
#[repr(align(128))]
struct Mailbox {
    /// Null where nothing waits.
    places: [AtomicPtr<u8>; PLACES],
    left: Cursor,
    found: Cursor,
}

/// How many one side has done; on a cache line of its own, and its neighbour's.
#[derive(Default)]
#[repr(align(128))]
struct Cursor(AtomicUsize);

impl Cursor {
    fn place<'p>(&self, places: &'p [AtomicPtr<u8>; PLACES]) -> &'p AtomicPtr<u8> {
        &places[self.0.load(Ordering::Relaxed) % PLACES]
    }

    /// Only one thread does.
    fn advance(&self) {
        self.0.store(self.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

impl Mailbox {
    fn new() -> Self {
        let places = [const { AtomicPtr::new(null_mut()) }; PLACES];
        Self { places, left: Cursor::default(), found: Cursor::default() }
    }

    /// Leaves an object; false where there is no place for it.
    #[inline]
    fn leave(&self, object: NonNull<u8>) -> bool {
        let place = self.left.place(&self.places);
        let free = place.load(Ordering::Acquire).is_null();
        if free {
            place.store(object.as_ptr(), Ordering::Release);
            self.left.advance();
        }
        free
    }

    /// Finds the oldest object.
    #[inline]
    fn find(&self) -> Option<NonNull<u8>> {
        let place = self.found.place(&self.places);
        let object = NonNull::new(place.load(Ordering::Acquire))?;
        place.store(null_mut(), Ordering::Release);
        self.found.advance();
        Some(object)
    }
}
