//! Time beside a checksum, and memory.

use super::laws::timing::million;
use super::laws::{ask, client, measure_all};
use crate::protocol::fragmentation::{Job, Made, Peaked, Sample};
use testkit::{Fault, judge};

#[test]
fn a_million_extents_pass_as_fast_as_their_checksum() {
    judge(|check| million(check, 3));
}

#[test]
fn neither_a_meter_nor_a_history_allocates() {
    judge(|check| {
        let made = Made { seed: check.seed(), count: 100_000, batch: 0, free: 3, wanted: 512 };
        let samples: Vec<Sample> = (0..50_000).map(|at| [9, 8, 5, 3].map(|size| size * 4096 + at)).collect();
        let client = client(check)?;
        let measured = measure_all(&client, &[made.heap()])?;
        let count = samples.len() + 1;
        let peaked: Vec<Peaked> = ask(&client, Job::Follow(samples), count)?;
        let allocated = measured[0].allocated.max(peaked[count - 1].allocated);
        check.measure("allocated", allocated as f64, "bytes");
        if allocated > 0 {
            return Err(Fault::failed(format!(
                "A meter of 100,000 extents, or a history of 50,000 samples, allocated {allocated} bytes. Both run \
                 inside the program that they watch: neither may allocate any."
            )));
        }
        Ok(())
    });
}
