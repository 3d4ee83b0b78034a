//! Exercise 1.3: how its requests reach the student's pools.

mod value;

#[cfg(not(feature = "loom"))]
mod again;
#[cfg(not(feature = "loom"))]
mod alone;
#[cfg(feature = "loom")]
mod model;
#[cfg(not(feature = "loom"))]
mod run;
#[cfg(not(feature = "loom"))]
mod stress;
#[cfg(not(feature = "loom"))]
mod together;

use crate::protocol::pool::Job;
use driverkit::Replies;

/// Carries out a job.
#[cfg(not(feature = "loom"))]
pub fn carry_out(job: Job, replies: &mut Replies) {
    match job {
        Job::Run(program) => run::carry_out(&program, replies),
        Job::Alone(alone) => alone::time(&alone, replies),
        Job::Together(together) => together::time(&together, replies),
        Job::Stress(stress) => replies.send(&stress::stress(&stress)),
        Job::Again(model, times) => replies.send(&again::again(&model, times)),
        // Models need the other build of this driver; a judge that asks this one gets no reply.
        Job::Stack(_) | Job::Boxes(_) => {}
    }
}

/// Carries out a model: under loom nothing else, since loom's types work nowhere else.
#[cfg(feature = "loom")]
pub fn carry_out(job: Job, replies: &mut Replies) {
    match job {
        Job::Stack(model) => replies.send(&model::stack(&model)),
        Job::Boxes(model) => replies.send(&model::boxes(&model)),
        _ => {}
    }
}
