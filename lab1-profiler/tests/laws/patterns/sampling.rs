//! What samplers owe: weights exactly, and choices within what chance allows.
//!
//! Choices are independent, so sums of them keep Bernstein's bound: of independent X_i with variances that add up to
//! V, none of which is ever farther than M from its mean, P(|sum - its mean| >= t) <= 2 e^(-t^2 / (2V + 2Mt/3)).
//! (S. Boucheron, G. Lugosi and P. Massart, *Concentration Inequalities*, section 2.8.) It holds for rare choices
//! too, where nothing is normal yet. The exponent is [`CERTAINTY`]: a sound sampler is accused once in 240 million
//! times at most, and what is wrong is seen from about 6.3 standard deviations on.

pub use crate::protocol::patterns::{Sampled, Sampling};

use super::ask_one;
use crate::protocol::patterns::Job;
use testkit::client::Client;
use testkit::{Fault, Judged};

/// The exponent of Bernstein's bound.
const CERTAINTY: f64 = 20.0;
/// A weight may be off by this part of it.
const ROUNDING: f64 = 1e-12;

/// Lets samplers choose, where it does not matter how often, as long as they do.
pub fn chosen(client: &Client<'_>, sampling: &Sampling) -> Judged<Sampled> {
    let sampled: Sampled = ask_one(client, Job::Sample(sampling.clone()))?;
    if sampled.tallies.iter().all(|tally| tally.chosen == 0) {
        return Err(Fault::failed("No block at all was chosen, so there is nothing to look at."));
    }
    Ok(sampled)
}

/// Lets samplers choose, and holds what they did against all that they owe.
pub fn hold(client: &Client<'_>, sampling: &Sampling) -> Judged<Sampled> {
    let sampled: Sampled = ask_one(client, Job::Sample(sampling.clone()))?;
    judge(sampling, &sampled).map_err(|why| {
        let Sampling { mean, seed, samplers, sizes, rounds } = sampling;
        let seeds = match samplers {
            1 => format!("a sampler of seed {seed:#x}"),
            _ => format!("{samplers} samplers of the seeds from {seed:#x} on"),
        };
        Fault::failed(format!(
            "Of {seeds} and mean {mean}, each over {rounds} rounds of blocks of {sizes:?} bytes: {why}."
        ))
    })?;
    Ok(sampled)
}

/// Whether a sampler may have chosen so many of blocks of these sizes, with weights of this sum.
pub fn plausible(mean: u64, sizes: &[u64], chosen: u64, weight: f64) -> Result<(), String> {
    let (mut count, mut weights) = (Sum::default(), Sum::default());
    for chance in sizes.iter().map(|size| chance(mean, *size)).filter(|chance| *chance > 0.0) {
        count.add(1.0, chance, 1.0);
        weights.add(1.0, chance, 1.0 / chance);
    }
    count.law("blocks were chosen this often:", chosen as f64)?;
    weights.law("the blocks were estimated at", weight)
}

/// The chance that a block is chosen.
fn chance(mean: u64, size: u64) -> f64 {
    if size == 0 { 0.0 } else { -(-(size as f64) / mean as f64).exp_m1() }
}

/// A sum of independent random values, of which the mean is known.
#[derive(Default)]
struct Sum {
    mean: f64,
    variance: f64,
    /// The farthest that one may lie from its mean.
    farthest: f64,
}

impl Sum {
    /// Adds `count` values that are `value` with a chance, and otherwise 0.
    fn add(&mut self, count: f64, chance: f64, value: f64) {
        self.mean += count * chance * value;
        self.variance += count * chance * (1.0 - chance) * value * value;
        // What can't be otherwise is as it must be.
        if count * chance.min(1.0 - chance) > 1e-9 {
            self.farthest = self.farthest.max(value * chance.max(1.0 - chance));
        }
    }

    /// How far from its mean the sum may lie.
    fn reach(&self) -> f64 {
        let linear = CERTAINTY * self.farthest / 3.0;
        // The sum of floating-point numbers is off by a little, too.
        linear + (linear * linear + 2.0 * CERTAINTY * self.variance).sqrt() + 1e-9 * self.mean
    }

    fn law(&self, what: &str, seen: f64) -> Result<(), String> {
        if (seen - self.mean).abs() <= self.reach() {
            return Ok(());
        }
        let Self { mean, variance, .. } = self;
        let (deviation, reach) = (variance.sqrt(), self.reach());
        Err(format!(
            "{what} {seen:.0}; expected {mean:.0}, give or take {reach:.0} (the standard deviation is {deviation:.1})"
        ))
    }
}

fn judge(sampling: &Sampling, sampled: &Sampled) -> Result<(), String> {
    let Sampling { mean, samplers, sizes, rounds, .. } = sampling;
    if (sampled.tallies.len(), sampled.first.len()) != (sizes.len(), *samplers as usize) {
        return Err("the driver left calls out".to_owned());
    }
    let times = f64::from(*samplers) * f64::from(*rounds);
    let chances: Vec<f64> = sizes.iter().map(|size| chance(*mean, *size)).collect();
    let (mut count, mut bytes) = (Sum::default(), Sum::default());
    let (mut counted, mut weighed) = (0.0, 0.0);
    for (place, (tally, chance)) in sampled.tallies.iter().zip(&chances).enumerate() {
        let (size, chance) = (sizes[place], *chance);
        let block = format!("the block of {size} bytes at place {place}");
        if size == 0 && tally.chosen > 0 {
            return Err(format!("{block} was chosen, and has no byte"));
        }
        let weight = 1.0 / chance;
        let (least, most) = tally.weights;
        let exact = |seen: f64| (seen - weight).abs() <= ROUNDING * weight;
        if tally.chosen > 0 && !(exact(least) && exact(most)) {
            return Err(format!("{block} was given weights from {least} to {most}; 1 / p is {weight}"));
        }
        let mut chosen = Sum::default();
        chosen.add(times, chance, 1.0);
        chosen.law(&format!("{block} was chosen this often:"), tally.chosen as f64)?;
        if place > 0 {
            let mut both = Sum::default();
            both.add(times, chances[place - 1] * chance, 1.0);
            both.law(
                &format!("{block} and the one before it were both chosen this often:"),
                tally.both as f64,
            )?;
        }
        if tally.chosen > 0 {
            counted += tally.chosen as f64 * most;
            weighed += tally.chosen as f64 * most * size as f64;
        }
        if size > 0 {
            count.add(times, chance, weight);
            bytes.add(times, chance, weight * size as f64);
        }
    }
    count.law("the blocks were estimated at", counted)?;
    bytes.law("the bytes were estimated at", weighed)?;
    neighbours(sampling, &sampled.first, &chances)
}

/// Seeds beside each other choose independently: samplers 0 and 1, 2 and 3, and so on; and 1 and 2, 3 and 4.
fn neighbours(sampling: &Sampling, first: &[u64], chances: &[f64]) -> Result<(), String> {
    let calls = 64.min(chances.len() * sampling.rounds as usize);
    for from in 0..first.len().min(2) {
        let (pairs, _) = first[from..].as_chunks::<2>();
        let mut both = Sum::default();
        for chance in chances.iter().cycle().take(calls) {
            both.add(pairs.len() as f64, chance * chance, 1.0);
        }
        let seen: u32 = pairs.iter().map(|[one, other]| (one & other).count_ones()).sum();
        both.law("two samplers of seeds n and n + 1 chose the same block this often:", f64::from(seen))?;
    }
    Ok(())
}
