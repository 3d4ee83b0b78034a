//! The tracker's words in the protocol's types, and addresses as pointers to nowhere.

use crate::protocol::track::{Record, Totals};
use lab1_profiler::Heap;
use lab1_profiler::track::{self, Tracker};
use std::num::NonZeroUsize;
use std::ptr::NonNull;

/// An address of the judge's. Nobody reads or writes there.
pub fn pointer(address: u64) -> Option<NonNull<u8>> {
    NonZeroUsize::new(usize::try_from(address).ok()?).map(NonNull::without_provenance)
}

/// The address of a pointer.
pub fn address(block: NonNull<u8>) -> u64 {
    block.addr().get() as u64
}

impl From<track::Record> for Record {
    fn from(record: track::Record) -> Self {
        Self { block: address(record.block), size: record.size as u64, site: record.site }
    }
}

impl From<track::Totals> for Totals {
    fn from(totals: track::Totals) -> Self {
        let track::Totals { allocations, frees, reallocations, total_bytes, live_bytes, peak_bytes } = totals;
        Self { allocations, frees, reallocations, total_bytes, live_bytes, peak_bytes }
    }
}

/// All records, as they come.
pub fn records<H: Heap>(tracker: &Tracker<H>) -> Vec<Record> {
    let mut records = Vec::new();
    tracker.live(&mut |record| records.push(record.into()));
    records
}
