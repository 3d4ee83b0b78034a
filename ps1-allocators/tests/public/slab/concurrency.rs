//! The remote list under loom's model checker, and threads with a home each.

use super::laws::{SLAB, heap, model};
use crate::protocol::Request;
use crate::protocol::slab::Job;
use testkit::heap::{Kind, Stress, stressed};
use testkit::{Fault, judge};

#[test]
fn every_interleaving_of_a_push_and_a_take_hands_over_what_was_written() {
    judge(|check| model(check, vec![vec![0, 1]], 2));
}

#[test]
fn two_threads_that_push_at_once_lose_nothing() {
    judge(|check| model(check, vec![vec![1], vec![0]], 1));
}

#[test]
fn threads_with_a_home_each_free_each_others_objects() {
    judge(|check| {
        let heap = heap(check)?;
        let slabs = 5 * 24;
        let stress = Stress { region: slabs * SLAB, threads: 4, operations: 20_000, seed: check.seed() };
        let extents = stressed(heap.client(), &Request::Slab(Job::Stress(stress)), &stress)?;
        let whole = |(slab, extent): (u64, &testkit::heap::Extent)| {
            (extent.offset, extent.len, extent.kind) == (slab * SLAB, SLAB, Kind::Free)
        };
        if extents.len() as u64 != slabs || !(0..).zip(&extents).all(whole) {
            return Err(Fault::failed(
                "With everything freed, collected and shrunk, the page sources are not whole.",
            ));
        }
        Ok(())
    });
}
