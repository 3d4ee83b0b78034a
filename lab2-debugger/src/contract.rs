//! Pins every public signature of the listed files: whoever changes one is told while building.
//!
//! An error that points here means that a listed file no longer offers what the checks call. Restore the
//! signature from `skeleton/`.

use crate::Memory;
use crate::corruption::{Debugger, Report, StackId as Site};
use crate::leaks::{Verdict, classify};
use crate::stacks::{Depot, StackId, walk};
use crate::visualisation::{Block, Cell, Sample, cells, decimate, map_svg, timeline_svg};
use core::alloc::Layout;
use core::ops::Range;
use core::ptr::NonNull;
use heap_api::{AllocError, Locked, RawAllocator};

type Words = Range<usize>;

const _: () = {
    let _: fn(&dyn Memory, &[Words], &[Words]) -> Vec<Verdict> = classify;
    let _: fn(&dyn Memory, usize, Words, &mut [usize]) -> usize = walk;
    let _: fn(u32) -> Depot = Depot::new;
    let _: fn(&Depot, &[usize]) -> Option<StackId> = Depot::intern;
    let _: fn(&Depot, StackId, &mut [usize]) -> usize = Depot::get;
    let _: fn(Words, &[Block], usize) -> Vec<Cell> = cells;
    let _: fn(&[Cell], usize) -> String = map_svg;
    let _: fn(&[Sample], usize) -> Vec<Sample> = decimate;
    let _: fn(&[Sample], u32, u32) -> String = timeline_svg;
};

/// The same for every allocator behind a lock.
#[expect(dead_code, reason = "compiled, never called")]
fn debugger<A: RawAllocator + Send>() {
    type On<A> = Debugger<Locked<A>>;
    type Block = Result<NonNull<u8>, AllocError>;
    let _: fn(Locked<A>, usize) -> On<A> = Debugger::new;
    let _: fn(&On<A>, Layout, Site) -> Block = Debugger::allocate;
    let _: fn(&On<A>, Layout, Site) -> Block = Debugger::allocate_zeroed;
    let _: unsafe fn(&On<A>, NonNull<u8>, Site) = Debugger::free;
    let _: fn(&On<A>, Site) = Debugger::check_all;
    let _: fn(&On<A>) -> Vec<Report> = Debugger::take_reports;
}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Depot>();
};
