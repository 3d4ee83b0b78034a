//! Exercise 1.1: how its requests reach the student's `Buddy`.

use crate::protocol::heap::Job;
use driverkit::Replies;
use ps1_allocators::buddy::Buddy;

#[cfg(feature = "loom")]
use super::model;
#[cfg(not(feature = "loom"))]
use super::peers::BuddySystem;
#[cfg(not(feature = "loom"))]
use driverkit::heap;

/// The peer counts orders from single bytes: our largest block of `2^(4 + MAX_ORDER)` bytes is its order
/// `4 + MAX_ORDER`, and the number of orders is one more.
#[cfg(not(feature = "loom"))]
const ORDERS: usize = 4 + ps1_allocators::MAX_ORDER + 1;

/// Carries out a job.
#[cfg(not(feature = "loom"))]
pub fn carry_out(job: Job, replies: &mut Replies) {
    match job {
        Job::Run(program) => heap::carry_out(Buddy::new, &program, replies),
        Job::Time(replay) => heap::time(Buddy::new, BuddySystem::<ORDERS>::new, &replay, replies),
        Job::Scale(scale) => heap::scale(Buddy::new, BuddySystem::<ORDERS>::new, &scale, replies),
        Job::Stress(stress) => {
            if let Ok(region) = heap_api::Region::map(stress.region as usize) {
                let shared = heap_api::Locked::new(Buddy::new(region));
                replies.send(&heap::stress(&shared, &stress));
            }
        }
        // Models need the other build of this driver; a judge that asks this one gets no reply.
        Job::Model(_) => {}
    }
}

/// Carries out a model: under loom nothing else, since loom's types work nowhere else.
#[cfg(feature = "loom")]
pub fn carry_out(job: Job, replies: &mut Replies) {
    if let Job::Model(model) = job {
        replies.send(&model::outcomes(Buddy::new, &model));
    }
}
