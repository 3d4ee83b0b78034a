//! Replays of the shipped traces: your buddy system beside `buddy_system_allocator`, `rlsf` and the system's.
//!
//! ```text
//! cargo bench -p benches --bench buddy
//! TRACES=mine.rep:other.rep.zst cargo bench -p benches --bench buddy    # on your own instead
//! ```
//!
//! An exercise that is still a `todo!` ends the run.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use driverkit::heap::Command;
use heap_api::Region;
use ps1_allocators::MAX_BLOCK;
use ps1_allocators::buddy::Buddy;
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::ptr::NonNull;
use testkit::trace::Trace;

/// How much of each trace is replayed.
const OPERATIONS: usize = 40_000;

/// What a replay needs of an allocator.
trait Allocate {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>>;

    /// # Safety
    ///
    /// The block is live and was allocated for this layout.
    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout);
}

impl Allocate for Buddy {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        heap_api::RawAllocator::allocate(self, layout).ok().map(NonNull::cast)
    }

    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        let _ = unsafe { heap_api::RawAllocator::deallocate(self, block, layout) };
    }
}

struct Peer(
    buddy_system_allocator::Heap<22>,
    #[expect(dead_code, reason = "keeps the memory mapped")] Region,
);

impl Allocate for Peer {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.alloc(layout).ok()
    }

    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { self.0.dealloc(block, layout) }
    }
}

struct Rlsf(
    rlsf::Tlsf<'static, u32, u32, 28, 32>,
    #[expect(dead_code, reason = "keeps the memory mapped")] Region,
);

impl Allocate for Rlsf {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.0.allocate(layout)
    }

    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { self.0.deallocate(block, layout.align()) }
    }
}

impl Allocate for System {
    fn allocate(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: traces have no size zero.
        NonNull::new(unsafe { self.alloc(layout) })
    }

    unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { self.dealloc(block.as_ptr(), layout) }
    }
}

/// Replays a trace, a reallocation as an allocation and a free, and frees what is left.
fn replay(allocator: &mut impl Allocate, commands: &[Command]) {
    let mut live: Vec<Option<(NonNull<u8>, Layout)>> = vec![None; commands.len()];
    for command in commands {
        let (id, request) = match *command {
            Command::Allocate { id, size, align } => (id as usize, Some((size, align as usize))),
            Command::Reallocate { id, size } => (id as usize, Some((size, 16))),
            Command::Deallocate { id } => (id as usize, None),
            _ => continue,
        };
        if let Some((block, layout)) = live[id].take() {
            // SAFETY: the block is live and was allocated for this layout.
            unsafe { allocator.free(block, layout) };
        }
        let layout = request.and_then(|(size, align)| Layout::from_size_align(size as usize, align).ok());
        live[id] = layout.and_then(|layout| Some((black_box(allocator.allocate(layout)?), layout)));
    }
    for (block, layout) in live.into_iter().flatten() {
        // SAFETY: as above.
        unsafe { allocator.free(block, layout) };
    }
}

fn region(trace: &Trace) -> Region {
    let len = (trace.peak as usize * 4).next_multiple_of(MAX_BLOCK) + 2 * MAX_BLOCK;
    Region::map(len).expect("a region of some MiB")
}

fn traces(criterion: &mut Criterion) {
    let traces = match std::env::var_os("TRACES") {
        Some(files) => std::env::split_paths(&files).map(|file| Trace::read(&file)).collect(),
        None => Trace::shipped(),
    };
    for trace in traces.unwrap_or_else(|error| panic!("{error}")) {
        let trace = trace.first(OPERATIONS);
        let mut group = criterion.benchmark_group(&trace.name);
        group.throughput(Throughput::Elements(trace.commands.len() as u64)).sample_size(20);
        group.bench_function("buddy", |bench| {
            bench.iter_batched_ref(
                || Buddy::new(region(&trace)),
                |buddy| replay(buddy, &trace.commands),
                BatchSize::PerIteration,
            );
        });
        group.bench_function("buddy_system_allocator", |bench| {
            let peer = || {
                let (region, mut heap) = (region(&trace), buddy_system_allocator::Heap::empty());
                // SAFETY: the region is writable, used by nobody else, and lives as long as the heap.
                unsafe { heap.init(region.base().as_ptr().expose_provenance(), region.len()) };
                Peer(heap, region)
            };
            bench.iter_batched_ref(peer, |peer| replay(peer, &trace.commands), BatchSize::PerIteration);
        });
        group.bench_function("rlsf", |bench| {
            let peer = || {
                let (region, mut heap) = (region(&trace), rlsf::Tlsf::new());
                let pool = NonNull::slice_from_raw_parts(region.base(), region.len());
                // SAFETY: the region is writable, used by nobody else, and lives as long as the heap.
                unsafe { heap.insert_free_block_ptr(pool) };
                Rlsf(heap, region)
            };
            bench.iter_batched_ref(peer, |peer| replay(peer, &trace.commands), BatchSize::PerIteration);
        });
        group.bench_function("System", |bench| bench.iter(|| replay(&mut System, &trace.commands)));
        group.finish();
    }
}

criterion_group!(buddy, traces);
criterion_main!(buddy);
