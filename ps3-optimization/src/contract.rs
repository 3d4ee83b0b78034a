//! Pins every public signature of the listed files: whoever changes one is told while building.
//!
//! An error that points here means that a listed file no longer offers what the checks call. Restore the
//! signature from `skeleton/`.
#![expect(clippy::type_complexity, reason = "a signature is spelled out here, not abbreviated")]

use crate::cache::{CacheAllocator, Owner};
use crate::coherence::{CacheId, Controller, Directory, Message};
use crate::compaction::{Handle, HandleError, HandleHeap, PinWord, Progress};
use crate::compression::{Codec, Rejected, Store};
use crate::dedup::{Merger, PageId};
use crate::fragmentation::{Lifetime, Tlsf, list_for, list_of, unusable_free_index};
use crate::meshing::{Occupancy, find_meshes, meshable};
use crate::numa::{NumaHeap, OwnerQueue, Policy, Worker};
use crate::paging::{Allows, PageSize, PageTable, PagingError, Physical, Tlb, Translation};
use crate::zerocopy::{Ring, Slice};
use crate::{Node, Silent, Topology, Traffic, veb};
use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::{AllocError, FreeError, RawAllocator, Region};

const fn allocator<A: RawAllocator>() {}

const _: () = {
    type Cache = CacheAllocator<Silent>;
    type Block = Result<NonNull<[u8]>, AllocError>;
    allocator::<Cache>();
    let _: fn(Region, Silent) -> Cache = Cache::new;
    let _: fn(&mut Cache, Layout, Option<NonNull<u8>>, Owner) -> Block = Cache::allocate_near;
    let _: fn(&mut Cache) -> &mut Silent = Cache::bus;

    allocator::<Tlsf>();
    let _: fn(Region) -> Tlsf = Tlsf::new;
    let _: fn(&mut Tlsf, Layout, Lifetime) -> Block = Tlsf::allocate_for;
    let _: fn(usize) -> (u32, u32) = list_of;
    let _: fn(usize) -> Option<(u32, u32)> = list_for;
    let _: fn(&[usize], usize) -> f64 = unusable_free_index;

    let _: fn(u32) -> OwnerQueue = OwnerQueue::new;
    let _: fn(&OwnerQueue, &[u32]) = OwnerQueue::push;
    let _: fn(&OwnerQueue, &mut Vec<u32>) = OwnerQueue::take_all;
    let _: fn(Topology, Vec<Region>, &'static dyn Traffic) -> NumaHeap<'static> = NumaHeap::new;
    let _: for<'a> fn(&'a NumaHeap<'static>, Node) -> Worker<'a> = NumaHeap::worker;
    let _: fn(&NumaHeap<'static>, NonNull<u8>) -> Option<Node> = NumaHeap::node_of;
    let _: fn(&mut Worker<'static>, Layout, Policy) -> Block = Worker::allocate;
    let _: unsafe fn(&mut Worker<'static>, NonNull<u8>, Layout) -> Result<(), FreeError> = Worker::free;
    let _: fn(&mut Worker<'static>) = Worker::flush;
};

const _: () = {
    let _: fn() -> PinWord = PinWord::new;
    let _: [fn(&PinWord) -> bool; 3] = [PinWord::try_pin, PinWord::unpin, PinWord::try_begin_move];
    let _: fn(&PinWord) = PinWord::end_move;
    let _: fn(Region) -> HandleHeap = HandleHeap::new;
    let _: fn(&mut HandleHeap, usize) -> Result<Handle, AllocError> = HandleHeap::allocate;
    let _: [fn(&mut HandleHeap, Handle) -> Result<(), HandleError>; 3] =
        [HandleHeap::free, HandleHeap::pin, HandleHeap::unpin];
    let _: fn(&mut HandleHeap, Handle) -> Result<&mut [u8], HandleError> = HandleHeap::bytes;
    let _: fn(&HandleHeap, Handle) -> Result<usize, HandleError> = HandleHeap::offset;
    let _: fn(&mut HandleHeap, usize) -> Progress = HandleHeap::compact;
};

const _: () = {
    let _: fn(&Occupancy, &Occupancy) -> bool = meshable;
    let _: fn(&[Occupancy], usize, u64) -> Vec<(usize, usize)> = find_meshes;
    let _: fn(u32, u32) -> u32 = veb::position;
    let _: fn(&[u64]) -> Vec<u64> = veb::lay_out;
    let _: fn(&[u64], u64, &mut dyn FnMut(usize)) -> Option<usize> = veb::search;

    type Memory<'a> = &'a mut dyn Physical;
    let _: fn(Memory<'_>) -> Option<PageTable> = PageTable::new;
    let _: fn(&mut PageTable, Memory<'_>, u64, u64, PageSize, Allows) -> Result<(), PagingError> =
        PageTable::map;
    let _: fn(&mut PageTable, Memory<'_>, u64) -> Result<PageSize, PagingError> = PageTable::unmap;
    let _: fn(&PageTable, Memory<'_>, u64) -> Result<Translation, PagingError> = PageTable::translate;
    let _: fn(usize) -> Tlb = Tlb::new;
    let _: fn(&mut Tlb, u16, u64) -> Option<Translation> = Tlb::lookup;
    let _: fn(&mut Tlb, u16, u64, Translation) = Tlb::insert;
    let _: fn(&mut Tlb, u16, Option<u64>) = Tlb::shoot_down;
};

const _: () = {
    let _: fn(u8) -> Directory = Directory::new;
    let _: fn(&mut Directory, Message, &mut Vec<Message>) = Directory::receive;
    let _: fn(CacheId) -> Controller = Controller::new;
    let _: fn(&mut Controller, u64, &mut Vec<Message>) -> Option<u64> = Controller::read;
    let _: fn(&mut Controller, u64, u64, &mut Vec<Message>) -> bool = Controller::write;
    let _: fn(&mut Controller, u64, &mut Vec<Message>) = Controller::evict;
    let _: fn(&mut Controller, Message, &mut Vec<Message>) = Controller::receive;

    let _: fn(u32) -> Merger = Merger::new;
    let _: fn(&mut Merger, PageId, usize, &[u8]) = Merger::write;
    let _: fn(&Merger, PageId) -> &[u8; 4096] = Merger::read;
    let _: fn(&mut Merger, usize) = Merger::scan;
    let _: fn(&Merger, PageId) -> u32 = Merger::frame_of;

    const fn shared<T: Send + Sync>() {}
    shared::<Slice>();
    shared::<Ring>();
    let _: fn(Vec<u8>) -> Slice = Slice::new;
    let _: fn(&Slice, usize, usize) -> Option<Slice> = Slice::part;
    let _: fn(&Slice) -> &[u8] = Slice::bytes;
    let _: fn(Slice) -> Result<Vec<u8>, Slice> = Slice::into_buffer;
    let _: fn(usize) -> Ring = Ring::new;
    let _: fn(&Ring, Slice) -> Result<(), Slice> = Ring::push;
    let _: fn(&Ring) -> Option<Slice> = Ring::pop;
};

/// The same for every codec.
const _: () = {
    const fn store<C: Codec>() {
        let _: fn(usize, C) -> Store<C> = Store::new;
        let _: fn(&mut Store<C>, u64, &[u8; 4096]) -> Result<(), Rejected> = Store::put;
        let _: fn(&mut Store<C>, u64) -> Option<[u8; 4096]> = Store::load;
        let _: fn(&mut Store<C>, u64) -> bool = Store::invalidate;
        let _: fn(&Store<C>) -> usize = Store::zones;
    }
    struct Any;
    impl Codec for Any {
        fn compress(&mut self, page: &[u8; 4096], out: &mut Vec<u8>) {
            out.extend_from_slice(page);
        }
        fn expand(&mut self, bytes: &[u8]) -> [u8; 4096] {
            core::array::from_fn(|i| bytes[i])
        }
    }
    store::<Any>();
};
