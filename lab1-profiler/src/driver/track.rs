//! Exercise L1.1: how its requests reach the student's tracker.

mod hand;
mod recycling;
mod told;

#[cfg(not(feature = "loom"))]
mod alone;
#[cfg(not(feature = "loom"))]
mod dealt;
#[cfg(feature = "loom")]
mod model;
#[cfg(not(feature = "loom"))]
mod peer;
#[cfg(not(feature = "loom"))]
mod run;
#[cfg(not(feature = "loom"))]
mod starved;
#[cfg(not(feature = "loom"))]
mod stress;
#[cfg(not(feature = "loom"))]
mod together;
#[cfg(not(feature = "loom"))]
mod weigh;

use crate::protocol::track::Job;
use driverkit::Replies;

/// Carries out a job.
#[cfg(not(feature = "loom"))]
pub fn carry_out(job: Job, replies: &mut Replies) {
    match job {
        Job::Run(program) => run::carry_out(&program, replies),
        Job::Weigh(weigh) => replies.send(&weigh::weigh(&weigh)),
        Job::Starve(stages) => starved::starve(&stages, replies),
        Job::Alone(alone) => alone::time(&alone, replies),
        Job::Together(together) => together::time(&together, replies),
        Job::Stress(stress) => replies.send(&stress::stress(&stress)),
        // Models need the other build of this driver; a judge that asks this one gets no reply.
        Job::Model(_) => {}
    }
}

/// Carries out a model: under loom nothing else, since loom's types work nowhere else.
#[cfg(feature = "loom")]
pub fn carry_out(job: Job, replies: &mut Replies) {
    if let Job::Model(model) = job {
        replies.send(&model::outcomes(&model));
    }
}
