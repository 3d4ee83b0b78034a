//! Runs a model under loom and gathers what its interleavings came to.

use crate::protocol::heap::{Model, Outcome, Step};
use heap_api::sync::Arc;
use heap_api::{ExtentKind, Locked, RawAllocator, Region, SharedAllocator};
use std::alloc::Layout;
use std::collections::{BTreeSet, VecDeque};
use std::ptr::NonNull;
use std::sync::{Arc as StdArc, Mutex, PoisonError};

/// A block in a thread's hand.
#[derive(Clone, Copy)]
struct Held {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: only the thread that holds it uses the block, and the joining thread after it.
unsafe impl Send for Held {}

/// The outcomes of all interleavings, each once, in order.
pub fn outcomes<A: RawAllocator + Send + 'static>(new: fn(Region) -> A, model: &Model) -> Vec<Outcome> {
    // The set lives outside the model: loom runs the closure once an interleaving.
    let seen = StdArc::new(Mutex::new(BTreeSet::new()));
    let (gather, model) = (seen.clone(), model.clone());
    loom::model(move || {
        if let Some(outcome) = interleaving(new, &model) {
            gather.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
        }
    });
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.iter().cloned().collect()
}

fn interleaving<A: RawAllocator + Send + 'static>(new: fn(Region) -> A, model: &Model) -> Option<Outcome> {
    let region = Region::map(usize::try_from(model.region).ok()?).ok()?;
    let shared = Arc::new(Locked::new(new(region)));
    let threads: Vec<_> = model
        .threads
        .iter()
        .map(|steps| {
            let (shared, steps) = (shared.clone(), steps.clone());
            heap_api::thread::spawn(move || walk_through(&*shared, &steps))
        })
        .collect();
    let ends: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().ok()).collect();
    let held: Vec<Held> = ends.iter().flat_map(|(_, held)| held.iter().copied()).collect();
    let overlapped = overlap(&held);
    for block in held {
        // SAFETY: the block is live, and its thread has ended.
        let _ = unsafe { shared.deallocate(block.start, block.layout) };
    }
    let (mut free_at_end, mut extents_at_end) = (0, 0);
    shared.walk(&mut |extent| {
        if extent.kind == ExtentKind::Free {
            free_at_end += extent.len as u64;
            extents_at_end += 1;
        }
    });
    let served = ends.into_iter().map(|(served, _)| served).collect();
    Some(Outcome { served, overlapped, free_at_end, extents_at_end })
}

/// One thread: what was served, and what it holds at its end.
fn walk_through<A: SharedAllocator>(shared: &A, steps: &[Step]) -> (Vec<bool>, VecDeque<Held>) {
    let (mut served, mut held) = (Vec::new(), VecDeque::<Held>::new());
    for step in steps {
        match *step {
            Step::Allocate(size) => {
                let layout = Layout::from_size_align(size as usize, 1).unwrap_or(Layout::new::<u8>());
                let block = shared.allocate(layout).ok();
                served.push(block.is_some());
                held.extend(block.map(|block| Held { start: block.cast(), layout }));
            }
            Step::Free => {
                if let Some(block) = held.pop_front() {
                    // SAFETY: the block is live and this thread's.
                    let _ = unsafe { shared.deallocate(block.start, block.layout) };
                }
            }
        }
    }
    (served, held)
}

fn overlap(held: &[Held]) -> bool {
    let mut ranges: Vec<_> =
        held.iter().map(|block| (block.start.addr().get(), block.layout.size())).collect();
    ranges.sort_unstable();
    ranges.windows(2).any(|pair| pair[0].0 + pair[0].1 > pair[1].0)
}
