//! Exercise L1.2: how its requests reach the student's code.

use super::checksum::{CHECKSUM, checksum};
use crate::protocol::fragmentation::{Heap, Job, Made, Measured, Peaked, Piece};
use driverkit::counting::{self, metered};
use driverkit::heap::Kind;
use driverkit::{Replies, timed};
use heap_api::{Extent, ExtentKind};
use lab1_profiler::fragmentation::{History, Meter, Sample};
use std::hint::black_box;

/// Carries out a job.
pub fn carry_out(job: Job, replies: &mut Replies) {
    counting::reset();
    match job {
        Job::Measure(heaps) => side_by_side(&heaps, replies),
        Job::Follow(samples) => {
            let mut history = metered(History::new);
            replies.send(&peaked(&history));
            for [resident, footprint, usable, live] in samples {
                metered(|| history.push(Sample { resident, footprint, usable, live }));
                replies.send(&peaked(&history));
            }
        }
        Job::Time(made) => time(&made, replies),
    }
}

fn side_by_side(heaps: &[Heap], replies: &mut Replies) {
    let mut meters: Vec<Meter> =
        heaps.iter().map(|heap| metered(|| Meter::new(heap.wanted as usize))).collect();
    let longest = heaps.iter().map(|heap| heap.pieces.len()).max().unwrap_or(0);
    for at in 0..longest {
        for (meter, heap) in meters.iter_mut().zip(heaps) {
            if let Some(piece) = heap.pieces.get(at) {
                let (extent, asked) = decode(piece);
                metered(|| meter.extent(extent, asked));
            }
        }
    }
    for meter in meters {
        replies.send(&finish(meter));
    }
}

fn finish(meter: Meter) -> Measured {
    let measures = metered(|| meter.finish());
    Measured {
        internal: measures.internal,
        external: measures.external,
        unusable: measures.unusable,
        allocated: counting::peak(),
    }
}

fn peaked(history: &History) -> Peaked {
    let (peaks, overhead) = metered(|| (history.peaks(), history.overhead()));
    let peaks = [peaks.resident, peaks.footprint, peaks.usable, peaks.live];
    Peaked { peaks, overhead, allocated: counting::peak() }
}

/// Times a meter beside a checksum of the same extents, which takes a machine's time as a meter does: one
/// pass, a few dependent steps an extent.
fn time(made: &Made, replies: &mut Replies) {
    let heap = made.heap();
    let pieces: Vec<(Extent, usize)> = heap.pieces.iter().map(decode).collect();
    let batches: Vec<&[(Extent, usize)]> = pieces.chunks(made.batch.max(1) as usize).collect();
    let mut meter = Some(Meter::new(heap.wanted as usize));
    let mut measured = None;
    let mut sums = [CHECKSUM; 2];
    let turns = timed::started(replies, 1);
    let rounds = timed::interleave(turns, batches.len(), made.seed, |contestant, batch| match contestant {
        0 => {
            if let Some(meter) = &mut meter {
                metered(|| batches[batch].iter().for_each(|(extent, asked)| meter.extent(*extent, *asked)));
            }
            if batch + 1 == batches.len() {
                measured = meter.take().map(finish);
            }
        }
        twin => {
            let sum = batches[batch].iter().fold(sums[twin - 1], |sum, (extent, _)| {
                checksum(checksum(sum, &extent.offset.to_le_bytes()), &extent.len.to_le_bytes())
            });
            sums[twin - 1] = black_box(sum);
        }
    });
    // Where the meter had no turns, nobody has asked it yet.
    timed::stopped(replies, rounds, || measured.or_else(|| meter.map(finish)).unwrap_or_default());
}

fn decode((extent, asked): &Piece) -> (Extent, usize) {
    let kind = match extent.kind {
        Kind::Free => ExtentKind::Free,
        Kind::Used => ExtentKind::Used,
        Kind::Metadata => ExtentKind::Metadata,
    };
    (Extent { offset: extent.offset as usize, len: extent.len as usize, kind }, *asked as usize)
}
