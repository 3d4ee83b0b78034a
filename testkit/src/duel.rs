//! How much faster or slower: a ratio of times, measured in pairs, over many starts of the process.
//!
//! Three things spread a ratio. Within a process, bursts of other work: the median over interleaved pairs
//! does not see them. Between processes, where code and pages happen to lie: so several starts, and an
//! interval from *their* spread. And the machine as a whole: a peer against its own twin, in the same
//! rounds, must come out near one, or the run says nothing.
//!
//! The sequential rule: after each round of starts, stop if the whole interval earns the same credit;
//! otherwise go on until the budget is spent.

use crate::check::{Check, Measure};
use crate::edges::Edges;
use crate::fault::{Fault, Judged};
use std::time::{Duration, Instant};

/// Starts before the first decision, and the most there may be.
const FEWEST: usize = 7;
const MOST: usize = 41;
/// How long a duel may go on for.
const BUDGET: Duration = Duration::from_secs(5);
/// The band that the peer's twin must stay in. A copy of the same code reads up to 4 % off, by where it
/// comes to lie; here both run the very same code, so what is left is noise.
const CONTROL: f64 = 1.08;

/// What one start of the process gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The peer's time over the student's: above one where the student is faster.
    pub speed: f64,
    /// The peer's time over its twin's.
    pub control: f64,
}

/// Medians over the rounds of one start: student, peer, the peer's twin.
///
/// `None` for no rounds, or a clock that stood still.
pub fn sample(rounds: &[[u32; 3]]) -> Option<Sample> {
    let ratios = |ratio: fn(&[f64; 3]) -> f64| {
        let rounds = rounds.iter().map(|round| round.map(f64::from));
        median(
            rounds
                .filter(|round| round.iter().all(|nanos| *nanos > 0.0))
                .map(|round| ratio(&round))
                .collect(),
        )
    };
    let speed = ratios(|[student, peer, twin]| f64::midpoint(*peer, *twin) / student)?;
    let control = ratios(|[_, peer, twin]| peer / twin)?;
    Some(Sample { speed, control })
}

/// The geometric mean of samples: of one round over several traces.
pub fn mean(samples: &[Sample]) -> Sample {
    let mean = |value: fn(&Sample) -> f64| {
        let sum: f64 = samples.iter().map(|sample| value(sample).ln()).sum();
        (sum / samples.len().max(1) as f64).exp()
    };
    Sample { speed: mean(|sample| sample.speed), control: mean(|sample| sample.control) }
}

/// Runs a duel and notes what it earns.
///
/// `round(seed)` is one round of fresh processes. `what` names the measure in a sentence.
///
/// # Errors
///
/// Whatever a round's fault is; [`Fault::Broke`] where the machine is too noisy to time on.
pub fn duel(
    check: &Check,
    name: &str,
    what: &str,
    edges: &Edges,
    mut round: impl FnMut(u64) -> Judged<Sample>,
) -> Judged {
    let start = Instant::now();
    let (mut speeds, mut controls) = (Vec::new(), Vec::new());
    loop {
        let sample = round(check.seed().wrapping_add(speeds.len() as u64))?;
        speeds.push(sample.speed);
        controls.push(sample.control);
        if speeds.len() < FEWEST {
            continue;
        }
        let (value, low, high) = interval(&speeds);
        let spent = start.elapsed() > BUDGET || speeds.len() >= MOST;
        if !spent && edges.credit(low) != edges.credit(high) {
            continue;
        }
        // A mean, since which peer is the twin is drawn anew for each start.
        let control =
            (controls.iter().map(|ratio: &f64| ratio.ln()).sum::<f64>() / controls.len() as f64).exp();
        if !(1.0 / CONTROL..=CONTROL).contains(&control) {
            return Err(Fault::Broke(format!(
                "the machine is too noisy to time on: the peer against its own twin came out at {control:.2}"
            )));
        }
        edges.earn(check, name, what, Measure { value, unit: "x", low: Some(low), high: Some(high) });
        check.measure(&format!("{name}_control"), control, "x");
        check.measure(&format!("{name}_starts"), speeds.len() as f64, "");
        return Ok(());
    }
}

/// The median of the starts, and an interval of about 99 % for it.
///
/// Spread is taken from the median absolute deviation, so that one disturbed start does not widen it:
/// for normal noise `1.4826 MAD` estimates the deviation, and a median's own is 1.2533 times a mean's.
fn interval(speeds: &[f64]) -> (f64, f64, f64) {
    let Some(middle) = median(speeds.to_vec()) else { return (f64::NAN, f64::NAN, f64::NAN) };
    let apart = median(speeds.iter().map(|speed| (speed - middle).abs()).collect()).unwrap_or(0.0);
    let half = STUDENT * 1.2533 * 1.4826 * apart / (speeds.len() as f64).sqrt();
    (middle, middle - half, middle + half)
}

/// Student's t for 99 % at six degrees of freedom, as for the fewest starts; wide for more.
const STUDENT: f64 = 3.71;

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        _ if values.is_empty() => None,
        1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_in_some_rounds_does_not_move_the_sample() {
        let mut rounds = vec![[100, 200, 200]; 100];
        rounds[7] = [90_000, 200, 200];
        rounds[8] = [100, 200, 70_000];
        let sample = sample(&rounds).expect("rounds");
        assert_eq!((sample.speed, sample.control), (2.0, 1.0));
    }

    #[test]
    fn no_rounds_and_a_clock_that_stands_still_give_no_sample() {
        assert_eq!(sample(&[]), None);
        assert_eq!(sample(&[[0, 5, 5]]), None);
    }

    #[test]
    fn the_interval_holds_the_median_and_shrinks_with_starts() {
        let few: Vec<f64> = (0..7).map(|start| 1.0 + 0.01 * f64::from(start % 3)).collect();
        let many: Vec<f64> = (0..28).map(|start| 1.0 + 0.01 * f64::from(start % 3)).collect();
        let ((value, low, high), (_, low_of_many, high_of_many)) = (interval(&few), interval(&many));
        assert!(low <= value && value <= high);
        assert!(high_of_many - low_of_many < high - low);
    }
}
