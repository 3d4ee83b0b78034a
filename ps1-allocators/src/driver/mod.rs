//! How each exercise's requests reach the student's types.

#[cfg(feature = "loom")]
mod model;
#[cfg(not(feature = "loom"))]
mod peer;

use crate::protocol::Job;
use driverkit::Replies;
#[cfg(not(feature = "loom"))]
use driverkit::heap;
use ps1_allocators::buddy::Buddy;

/// Exercise 1.1.
#[cfg(not(feature = "loom"))]
pub fn buddy(job: Job, replies: &mut Replies) {
    match job {
        Job::Run(program) => heap::carry_out(Buddy::new, &program, replies),
        Job::Time(replay) => heap::time(Buddy::new, peer::BuddySystem::new, &replay, replies),
        Job::Scale(scale) => heap::scale(Buddy::new, &scale, replies),
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

/// Exercise 1.1, under loom: models alone, since loom's types work nowhere else.
#[cfg(feature = "loom")]
pub fn buddy(job: Job, replies: &mut Replies) {
    if let Job::Model(model) = job {
        replies.send(&model::outcomes(Buddy::new, &model));
    }
}
