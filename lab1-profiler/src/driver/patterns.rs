//! Exercise L1.3: how its requests reach the student's types.

mod race;
mod slowdown;

use crate::protocol::patterns::{
    Event, Histograms, Job, Profile, Profiles, Program, Sampled, Sampling, Tally, Told,
};
use driverkit::Replies;
use driverkit::counting::{self, metered};
use driverkit::replies::STEPPED;
use lab1_profiler::patterns::{Histogram, Patterns, Sampler, SiteProfile};

/// Carries out a job.
pub fn carry_out(job: Job, replies: &mut Replies) {
    match job {
        Job::Buckets(sizes) => {
            let bucket = |size| Histogram::bucket(size) as u64;
            replies.send(&sizes.into_iter().map(bucket).collect::<Vec<_>>());
        }
        Job::Bounds(buckets) => {
            let bounds = |bucket| Histogram::bounds(bucket as usize);
            replies.send(&buckets.into_iter().map(bounds).collect::<Vec<_>>());
        }
        Job::Histograms(job) => histograms(&job).iter().for_each(|told| replies.send(told)),
        Job::Follow(program) => follow(&program, replies),
        Job::Sample(sampling) => replies.send(&sample(&sampling)),
        Job::Race(race) => race::time(&race, replies),
        Job::Slowdown(workload) => slowdown::time(&workload, replies),
    }
}

fn histograms(job: &Histograms) -> Vec<Told> {
    let mut histograms = vec![Histogram::new(); job.shards.len()];
    for (histogram, sizes) in histograms.iter_mut().zip(&job.shards) {
        sizes.iter().for_each(|size| histogram.record(*size));
    }
    for (into, from) in &job.merges {
        let from = histograms[*from as usize].clone();
        histograms[*into as usize].merge(&from);
    }
    job.then.iter().for_each(|(at, size)| histograms[*at as usize].record(*size));
    let told = |histogram: &Histogram| {
        let counts = (0..Histogram::BUCKETS).map(|bucket| (bucket as u64, histogram.count(bucket)));
        Told { total: histogram.total(), counts: counts.filter(|(_, count)| *count > 0).collect() }
    };
    histograms.iter().map(told).collect()
}

fn follow(program: &Program, replies: &mut Replies) {
    let mut threads: Vec<Patterns> = (0..program.threads).map(|_| Patterns::new()).collect();
    let steps = program.steps.len();
    replies.expect(steps);
    for (index, step) in program.steps.iter().enumerate() {
        happen(&mut threads[step.thread as usize], step.event);
        if steps <= STEPPED || index + 1 == steps {
            let known =
                |thread: &Patterns| program.sites.iter().map(|site| encode(thread.site(*site))).collect();
            replies.send::<Profiles>(&threads.iter().map(known).collect());
        }
    }
}

#[inline]
fn happen(thread: &mut Patterns, event: Event) {
    match event {
        Event::Allocated(block, size, site) => thread.allocated(block as usize, size, site),
        Event::Moved(from, to, new_size) => thread.moved(from as usize, to as usize, new_size),
        Event::Freed(block) => thread.freed(block as usize),
    }
}

fn encode(known: SiteProfile) -> Profile {
    let SiteProfile { allocations, frees, temporary, lifetime, leak_score } = known;
    Profile { allocations, frees, temporary, lifetime, leak_score }
}

fn sample(sampling: &Sampling) -> Sampled {
    let empty = Tally { chosen: 0, both: 0, weights: (f64::INFINITY, f64::NEG_INFINITY) };
    let mut tallies = vec![empty; sampling.sizes.len()];
    let mut first = vec![0_u64; sampling.samplers as usize];
    counting::reset();
    metered(|| {
        for (number, first) in (0..).zip(&mut first) {
            let mut sampler = Sampler::new(sampling.mean, sampling.seed.wrapping_add(number));
            let mut bit = 1_u64;
            for _ in 0..sampling.rounds {
                let mut before = false;
                for (size, tally) in sampling.sizes.iter().zip(&mut tallies) {
                    let weight = sampler.sample(*size);
                    if let Some(weight) = weight {
                        tally.chosen += 1;
                        tally.both += u64::from(before);
                        let (least, most) = tally.weights;
                        tally.weights = (least.min(weight), most.max(weight));
                        *first |= bit;
                    }
                    before = weight.is_some();
                    bit <<= 1;
                }
            }
        }
    });
    Sampled { tallies, first, allocated: counting::peak() }
}
