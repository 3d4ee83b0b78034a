//! Weighs the tables of the student's tracker.

use super::dealt::{Dealt, make};
use super::told::records;
use crate::protocol::track::{Weigh, Weighed, seal};
use driverkit::counting::{metered, peak, reset};
use driverkit::pages;
use heap_api::Region;
use lab1_profiler::track::Tracker;

/// Makes the calls, and weighs what the tracker takes for them.
pub fn weigh(weigh: &Weigh) -> Weighed {
    pages::small_only();
    let before = Region::mapped();
    reset();
    let tracker = metered(|| Tracker::new(Dealt::new()));
    let base = peak();
    // From here on it is to take nothing.
    reset();
    let (mut bytes, mut made) = (Vec::new(), 0);
    for point in &weigh.points {
        for call in &weigh.calls[made..*point as usize] {
            metered(|| make(&tracker, call));
        }
        made = *point as usize;
        bytes.push((Region::mapped() - before) as u64 + base + peak());
    }
    let totals = metered(|| tracker.totals());
    metered(|| tracker.live(&mut |_| ()));
    let global = peak();
    let seals = records(&tracker).into_iter().fold(0, |sum: u64, record| sum.wrapping_add(seal(record)));
    Weighed { bytes, global, seals, totals: totals.into() }
}
