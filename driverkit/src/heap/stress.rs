//! Real threads on one allocator.

use super::{Extent, Stress, Stressed};
use crate::payload::{digest, expected, fill, key};
use crate::prng::SplitMix64;
use heap_api::SharedAllocator;
use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

/// Blocks that a thread holds at once.
const HELD: u64 = 32;
/// Places where threads leave blocks for one another.
const EXCHANGE: u64 = 16;
/// The largest request in bytes.
const LARGEST: u64 = 512;

/// A filled block on its way between threads.
struct Parcel {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a parcel is the only handle to its block, so whoever holds it owns the bytes.
unsafe impl Send for Parcel {}

/// What operation `operation` of thread `thread` asks for: its id and its layout.
fn request(stress: &Stress, thread: u32, operation: u32) -> (u32, Layout) {
    let id = thread * stress.operations + operation;
    let mut prng = SplitMix64::new(stress.seed ^ u64::from(id));
    let size = 1 + prng.below(LARGEST) as usize;
    let align = 1 << prng.below(7);
    (id, Layout::from_size_align(size, align).unwrap_or(Layout::new::<u64>()))
}

/// The sum of the digests that untouched payloads give, if every request is served.
pub fn expected_sum(stress: &Stress) -> u64 {
    let each = (0..stress.threads).flat_map(|thread| (0..stress.operations).map(move |op| (thread, op)));
    each.fold(0, |sum, (thread, op)| {
        let (id, layout) = request(stress, thread, op);
        sum.wrapping_add(expected(layout.size(), key(stress.seed, id)))
    })
}

/// Lets `stress.threads` threads allocate, fill, hand over and free at once, and frees everything.
///
/// A block is freed by whichever thread holds it last, and its payload's digest is added once, then; so
/// the sum does not depend on who met whom.
pub fn stress(allocator: &dyn SharedAllocator, stress: &Stress) -> Stressed {
    let exchange: Vec<Mutex<Option<Parcel>>> = (0..EXCHANGE).map(|_| Mutex::new(None)).collect();
    let sums = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..stress.threads)
            .map(|thread| {
                let exchange = &exchange;
                scope.spawn(move || work(allocator, stress, thread, exchange))
            })
            .collect();
        // A panic has ended the process already, by the hook.
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<_>>()
    });
    let mut total = Sums::default();
    for sums in sums {
        total.add(sums);
    }
    for place in exchange {
        if let Some(parcel) = place.into_inner().unwrap_or_else(PoisonError::into_inner) {
            total.held = total.held.wrapping_add(release(allocator, parcel));
        }
    }
    let mut extents = Vec::new();
    allocator.walk(&mut |extent| extents.push(Extent::from(extent)));
    Stressed { asked: total.asked, served: total.served, held: total.held, extents }
}

#[derive(Default)]
struct Sums {
    asked: u64,
    served: u64,
    held: u64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.asked += other.asked;
        self.served += other.served;
        self.held = self.held.wrapping_add(other.held);
    }
}

fn work(
    allocator: &dyn SharedAllocator,
    stress: &Stress,
    thread: u32,
    exchange: &[Mutex<Option<Parcel>>],
) -> Sums {
    let mut prng = SplitMix64::new(!stress.seed ^ u64::from(thread));
    let mut held: Vec<Option<Parcel>> = (0..HELD).map(|_| None).collect();
    let mut sums = Sums::default();
    for operation in 0..stress.operations {
        let (id, layout) = request(stress, thread, operation);
        sums.asked += 1;
        let slot = &mut held[prng.below(HELD) as usize];
        if let Some(parcel) = slot.take() {
            sums.held = sums.held.wrapping_add(release(allocator, parcel));
        }
        if let Ok(block) = allocator.allocate(layout) {
            let start = block.cast::<u8>();
            // SAFETY: the allocator says that the block is ours and holds the layout's size.
            unsafe { fill(start.as_ptr(), layout.size(), key(stress.seed, id)) };
            *slot = Some(Parcel { start, layout });
            sums.served += 1;
        }
        if prng.below(4) == 0 {
            let place = &exchange[prng.below(EXCHANGE) as usize];
            std::mem::swap(&mut *place.lock().unwrap_or_else(PoisonError::into_inner), slot);
        }
    }
    for parcel in held.into_iter().flatten() {
        sums.held = sums.held.wrapping_add(release(allocator, parcel));
    }
    sums
}

/// Reads a block's digest and frees it.
fn release(allocator: &dyn SharedAllocator, parcel: Parcel) -> u64 {
    // SAFETY: the block is live, filled, and ours alone.
    let held = unsafe { digest(parcel.start.as_ptr(), parcel.layout.size()) };
    // SAFETY: it was allocated for this layout. A refused free shows in the extents.
    let _ = unsafe { allocator.deallocate(parcel.start, parcel.layout) };
    held
}
