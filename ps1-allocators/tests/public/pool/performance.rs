//! Time beside three peers.

use super::laws::client;
use super::laws::timing::beside_slab;
use crate::home::RUBRIC;
use crate::protocol::Request;
use crate::protocol::pool::{Job, Peer, Step, Together};
use driverkit::prng::SplitMix64;
use driverkit::together::Work;
use testkit::duel::duel;
use testkit::edges::Edges;
use testkit::timing::{beside_a_lock, together};
use testkit::{Check, Judged, judge};

#[test]
fn keeps_up_with_slab_on_one_thread() {
    judge(|check| {
        let capacity = 4096;
        beside_slab(check, capacity, &steps(check.seed(), capacity, 200_000))
    });
}

/// A pool that fills to three quarters and then lives on: values go in and out at random and are looked at.
fn steps(seed: u64, capacity: u32, count: usize) -> Vec<Step> {
    let mut prng = SplitMix64::new(seed);
    let (mut live, mut dead): (Vec<u32>, Vec<u32>) = (Vec::new(), (0..capacity).collect());
    let mut steps = Vec::with_capacity(count);
    let most = capacity as usize * 3 / 4;
    while steps.len() < count {
        let filling = live.len() < most && prng.below(8) < 5;
        match prng.below(3) {
            0 if !live.is_empty() => {
                steps.push(Step::Get(live[prng.below(live.len() as u64) as usize]));
            }
            _ if filling || live.is_empty() => {
                let id = dead.swap_remove(prng.below(dead.len() as u64) as usize);
                steps.push(Step::Insert(id));
                live.push(id);
            }
            _ => {
                let id = live.swap_remove(prng.below(live.len() as u64) as usize);
                steps.push(Step::Remove(id));
                dead.push(id);
            }
        }
    }
    steps
}

#[test]
fn keeps_up_with_sharded_slab_on_two_threads() {
    judge(|check| {
        let what = "the speed of `SharedPool` on two threads beside the crate sharded-slab";
        on_two_threads(check, "over_sharded_slab", what, Peer::ShardedSlab)
    });
}

#[test]
fn leaves_a_mutex_behind_on_two_threads() {
    judge(|check| {
        let what = "the speed of `SharedPool` on two threads beside a pool behind a mutex";
        on_two_threads(check, "over_mutex", what, Peer::Mutex)
    });
}

fn on_two_threads(check: &Check, name: &str, what: &str, peer: Peer) -> Judged {
    let client = client(check)?;
    let edges = Edges::of(RUBRIC, "pool", name)?;
    duel(check, name, what, &edges, |seed| {
        let work = Work { seed, batches: 60, values: 500, window: 16 };
        let request = Request::Pool(Job::Together(Together { peer, capacity: 1024, work }));
        let rounds = together(&client, &request, &work)?;
        Ok(vec![if peer == Peer::Mutex { beside_a_lock(rounds) } else { rounds }])
    })
}
