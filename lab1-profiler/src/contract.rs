//! Pins every public signature of the listed files: whoever changes one is told while building.
//!
//! An error that points here means that a listed file no longer offers what the checks call. Restore the
//! signature from `skeleton/`.
#![expect(clippy::type_complexity, reason = "a signature is spelled out here, not abbreviated")]

use crate::fragmentation::{Fragmentation, History, Meter, Sample};
use crate::patterns::{Histogram, Patterns, Sampler, SiteProfile};
use crate::report::{Aggregate, Symbols, Weight};
use crate::track::{Record, Totals, Tracker};
use crate::{Heap, Site};
use core::ptr::NonNull;
use heap_api::Extent;
use std::fmt;

/// The same for every heap.
const _: () = {
    type Block = NonNull<u8>;
    const fn tracker<H: Heap>() {
        let _: fn(H) -> Tracker<H> = Tracker::new;
        let _: fn(&Tracker<H>, usize, usize, Site) -> Option<Block> = Tracker::malloc;
        let _: unsafe fn(&Tracker<H>, Block) = Tracker::free;
        let _: unsafe fn(&Tracker<H>, Option<Block>, usize, usize, Site) -> Option<Block> = Tracker::realloc;
        let _: fn(&Tracker<H>) -> Totals = Tracker::totals;
        let _: fn(&Tracker<H>, &mut dyn FnMut(Record)) = Tracker::live;
    }
    struct Nothing;
    // SAFETY: gives no memory at all.
    unsafe impl Heap for Nothing {
        fn malloc(&self, _: usize, _: usize) -> Option<Block> {
            None
        }
        unsafe fn free(&self, _: Block) {}
        unsafe fn realloc(&self, _: Block, _: usize, _: usize) -> Option<Block> {
            None
        }
    }
    tracker::<Nothing>();
    const fn shared<T: Send + Sync>() {}
    shared::<Tracker<Nothing>>();
};

const _: () = {
    let _: fn(usize) -> Meter = Meter::new;
    let _: fn(&mut Meter, Extent, usize) = Meter::extent;
    let _: fn(Meter) -> Fragmentation = Meter::finish;
    let _: fn() -> History = History::new;
    let _: fn(&mut History, Sample) = History::push;
    let _: fn(&History) -> Sample = History::peaks;
    let _: fn(&History) -> f64 = History::overhead;
};

const _: () = {
    let _: fn() -> Histogram = Histogram::new;
    let _: fn(u64) -> usize = Histogram::bucket;
    let _: fn(usize) -> (u64, u64) = Histogram::bounds;
    let _: fn(&mut Histogram, u64) = Histogram::record;
    let _: fn(&mut Histogram, &Histogram) = Histogram::merge;
    let _: fn(&Histogram, usize) -> u64 = Histogram::count;
    let _: fn(&Histogram) -> u64 = Histogram::total;
    let _: fn() -> Patterns = Patterns::new;
    let _: fn(&mut Patterns, usize, u64, Site) = Patterns::allocated;
    let _: fn(&mut Patterns, usize, usize, u64) = Patterns::moved;
    let _: fn(&mut Patterns, usize) = Patterns::freed;
    let _: fn(&Patterns, Site) -> SiteProfile = Patterns::site;
    let _: fn(u64, u64) -> Sampler = Sampler::new;
    let _: fn(&mut Sampler, u64) -> Option<f64> = Sampler::sample;
    let _: [(); 976] = [(); Histogram::BUCKETS];
    // So that a static can hold them.
    const _: Histogram = Histogram::new();
    const _: Patterns = Patterns::new();
    const fn sent<T: Send>() {}
    sent::<(Histogram, Patterns, Sampler)>();
};

const _: () = {
    let _: fn() -> Aggregate = Aggregate::new;
    let _: fn(&mut Aggregate, &[usize], usize, Weight) = Aggregate::add;
    let _: fn(&Aggregate) -> Weight = Aggregate::total;
    let _: fn(&Aggregate) -> Vec<(&[usize], Weight)> = Aggregate::stacks;
    let _: fn(&Aggregate, &dyn Symbols, usize, &mut dyn fmt::Write) -> fmt::Result = Aggregate::text;
    let _: fn(&Aggregate, &dyn Symbols, &mut dyn fmt::Write) -> fmt::Result = Aggregate::folded;
};
