//! Threads that share an allocator behind a lock.
//!
//! The lock is given, so what can go wrong is the answer's own: state outside the value, a `walk` that
//! changes something, a request that leaves the heap half done.

use super::laws::{heap, tiling};
use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::heap::{Job, Model, Outcome, Step};
use testkit::client::{Build, Client};
use testkit::heap::{Stress, stressed};
use testkit::{Fault, judge};

#[test]
fn threads_that_share_it_behind_a_lock_never_meet_in_a_block() {
    judge(|check| {
        let heap = heap(check)?;
        let stress = Stress { region: 4 << 20, threads: 4, operations: 20_000, seed: check.seed() };
        let extents = stressed(heap.client(), &Request::Buddy(Job::Stress(stress)), &stress)?;
        if extents != tiling(stress.region, &[]) {
            return Err(Fault::failed("With everything freed, the region is not as it was at first."));
        }
        Ok(())
    });
}

#[test]
fn every_interleaving_of_two_threads_ends_as_some_order_of_them_would() {
    judge(|check| {
        let client = Client::new(check, &HOME, Build::Loom)?;
        // Four blocks of 64 bytes. Once a thread has one half, the other holds a block of the second thread
        // and no half: whoever asks for a half first is served, and the other one is not.
        let threads = vec![
            vec![Step::Allocate(64), Step::Free, Step::Allocate(128)],
            vec![Step::Allocate(64), Step::Allocate(128)],
        ];
        let model = Model { region: 256, threads };
        let answer = client.ask::<_, Vec<Outcome>>(&Request::Buddy(Job::Model(model.clone())));
        let transcript = answer.map_err(|(fault, _)| fault)?;
        let [outcomes] = transcript.replies.as_slice() else {
            return Err(Fault::failed("The model gave no outcomes."));
        };
        for outcome in outcomes {
            if outcome.overlapped {
                return Err(Fault::failed(format!("Two live blocks shared a byte: {outcome:?}")));
            }
            if (outcome.free_at_end, outcome.extents_at_end) != (model.region, 1) {
                return Err(Fault::failed(format!(
                    "With everything freed, the region is not whole: {outcome:?}"
                )));
            }
        }
        let seen: Vec<_> = outcomes.iter().map(|outcome| outcome.served.clone()).collect();
        let expected = [vec![vec![true, false], vec![true, true]], vec![vec![true, true], vec![true, false]]];
        if seen != expected {
            return Err(Fault::failed(format!(
                "Over all interleavings, these requests were served: {seen:?}; expected {expected:?}."
            )));
        }
        Ok(())
    });
}
