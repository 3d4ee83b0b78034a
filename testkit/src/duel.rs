//! How much faster or slower: a ratio of total times, measured in interleaved batches, over many starts.
//!
//! Three things spread a ratio. Within a process, bursts of other work: they hit a batch in one start, not
//! the same batch in most starts, so each batch counts with its median over the starts, and the total is
//! the sum of those. (A median over the batches of one start would be steadier still, but it does not see
//! an allocator that is slow in every tenth batch, which is what totals are about.) Between processes,
//! where code and pages happen to lie: so several starts, and an interval from resampling *them*. And the
//! machine as a whole: a peer against its own twin, in the same rounds, must come out near one, or the run
//! says nothing.
//!
//! The sequential rule: after each round of starts, stop if the control is in its band and the whole interval
//! earns the same credit; otherwise go on until the budget is spent.

use crate::check::{Check, Measure};
use crate::edges::Edges;
use crate::fault::{Fault, Judged};
use driverkit::prng::SplitMix64;
use std::time::{Duration, Instant};

/// Starts between two decisions, and the most there may be.
const FEWEST: usize = 3;
const MOST: usize = 42;
/// How long a duel may go on for.
const BUDGET: Duration = Duration::from_secs(5);
/// The band that the peer's twin must stay in. A copy of the same code reads up to 4 % off, by where it
/// comes to lie; here both run the very same code, so what is left is noise.
const CONTROL: f64 = 1.08;

/// How many resamples an interval is taken from.
const RESAMPLES: usize = 100;
/// How many deviations the interval reaches to either side, by the number of starts from three on:
/// Student's t for 99 % with one degree of freedom fewer. Clear cases are decided early, at a wide interval.
const STUDENT: [f64; 6] = [9.92, 5.84, 4.60, 4.03, 3.71, 3.50];

/// What one start gave: nanoseconds a batch of student, peer and the peer's twin.
pub type Rounds = Vec<[u32; 3]>;

/// How much longer than the claimed time the outside clock may have seen: what lies between the batches is a
/// shuffle and two readings of the clock, and the last message's way.
const BETWEEN: u32 = 2;
const SLACK: Duration = Duration::from_millis(50);

/// Holds what the driver's clock says of its batches, and of `lost` nanoseconds beside them, against ours: the
/// first two `arrivals` are those of the messages before and after the timed loop.
///
/// # Errors
///
/// [`Fault::Failed`] if the two clocks contradict each other.
pub fn clocks_agree(rounds: &Rounds, lost: u64, arrivals: &[Duration]) -> Judged {
    let [before, after, ..] = *arrivals else { return Err(Fault::failed("The timed loop gave no result.")) };
    let outside = after.saturating_sub(before);
    let claimed: u64 = rounds.iter().flatten().map(|nanos| u64::from(*nanos)).sum();
    let claimed = Duration::from_nanos(claimed.saturating_add(lost));
    if claimed > outside + SLACK || outside > claimed * BETWEEN + SLACK {
        return Err(Fault::failed(format!(
            "The timed loop claims {claimed:?}, and from outside it took {outside:?}: the clock was tampered with, or \
             work was moved out of the timed part."
        )));
    }
    Ok(())
}

/// What one or more starts come to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Estimate {
    /// The peer's time over the student's: above one where the student is faster.
    speed: f64,
    /// The peer's time over its twin's.
    control: f64,
}

/// Runs a duel and notes what it earns.
///
/// `round(seed)` is one round of fresh processes, and gives what each did: the same programs in the same
/// order each time. Over several programs, the ratio is the geometric mean. `what` names the measure in a
/// sentence.
///
/// # Errors
///
/// Whatever a round's fault is; [`Fault::Broke`] where the machine is too noisy to time on.
pub fn duel(
    check: &Check,
    name: &str,
    what: &str,
    edges: &Edges,
    mut round: impl FnMut(u64) -> Judged<Vec<Rounds>>,
) -> Judged {
    let start = Instant::now();
    let mut starts: Vec<Vec<Rounds>> = Vec::new();
    loop {
        starts.push(round(check.seed().wrapping_add(starts.len() as u64))?);
        // A driver makes its contestants in an order that its seed turns round: three starts are fair.
        if !starts.len().is_multiple_of(FEWEST) {
            continue;
        }
        let all: Vec<usize> = (0..starts.len()).collect();
        let Some(estimate) = estimate(&starts, &all) else {
            return Err(Fault::Broke("the rounds of a duel do not match".to_owned()));
        };
        let reach = STUDENT[(starts.len() - FEWEST).min(STUDENT.len() - 1)];
        let half = reach * deviation(&starts, check.seed());
        let (low, high) = (estimate.speed - half, estimate.speed + half);
        let spent = start.elapsed() > BUDGET || starts.len() >= MOST;
        let quiet = (1.0 / CONTROL..=CONTROL).contains(&estimate.control);
        let decided = quiet && edges.credit(low) == edges.credit(high);
        if !decided && !spent {
            continue;
        }
        if !quiet {
            return Err(Fault::Broke(format!(
                "the machine is too noisy to time on: the peer against its own twin came out at {:.2}",
                estimate.control
            )));
        }
        edges.earn(
            check,
            name,
            what,
            Measure { value: estimate.speed, unit: "x", low: Some(low), high: Some(high) },
        );
        check.measure(&format!("{name}_control"), estimate.control, "x");
        check.measure(&format!("{name}_starts"), starts.len() as f64, "");
        return Ok(());
    }
}

/// The ratios of some of the starts, by index; an index may occur more than once.
///
/// `None` if the starts did not do the same, or a clock stood still.
fn estimate(starts: &[Vec<Rounds>], chosen: &[usize]) -> Option<Estimate> {
    let programs = starts.first()?.len();
    let (mut speed, mut control) = (0.0, 0.0);
    for program in 0..programs {
        let rounds: Vec<&Rounds> =
            chosen.iter().map(|start| starts[*start].get(program)).collect::<Option<_>>()?;
        let batches = rounds.first()?.len();
        let mut totals = [0.0; 3];
        for batch in 0..batches {
            for (contestant, total) in totals.iter_mut().enumerate() {
                let nanos = rounds.iter().map(|round| round.get(batch).map(|nanos| nanos[contestant]));
                *total += median(nanos.collect::<Option<_>>()?)?;
            }
        }
        let [student, peer, twin] = totals;
        speed += (f64::midpoint(peer, twin) / student).ln();
        control += (peer / twin).ln();
    }
    let mean = |sum: f64| (sum / programs as f64).exp();
    let estimate = Estimate { speed: mean(speed), control: mean(control) };
    (estimate.speed.is_finite() && estimate.control.is_finite()).then_some(estimate)
}

/// The standard deviation of the speed, from resampling the starts (Efron's bootstrap).
fn deviation(starts: &[Vec<Rounds>], seed: u64) -> f64 {
    let mut prng = SplitMix64::new(seed);
    let count = starts.len() as u64;
    let resample = |_| {
        let chosen: Vec<usize> = (0..count).map(|_| prng.below(count) as usize).collect();
        estimate(starts, &chosen).map(|estimate| estimate.speed)
    };
    let speeds: Vec<f64> = (0..RESAMPLES).filter_map(resample).collect();
    let mean = speeds.iter().sum::<f64>() / speeds.len().max(1) as f64;
    let squares: f64 = speeds.iter().map(|speed| (speed - mean).powi(2)).sum();
    (squares / speeds.len().max(1) as f64).sqrt()
}

fn median(mut values: Vec<u32>) -> Option<f64> {
    let middle = values.len() / 2;
    let odd = !values.len().is_multiple_of(2);
    let (below, upper, _) = (!values.is_empty()).then(|| values.select_nth_unstable(middle))?;
    let upper = f64::from(*upper);
    match below.iter().max() {
        Some(lower) if !odd => Some(f64::midpoint(f64::from(*lower), upper)),
        _ => Some(upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven starts of one program of 100 batches, in which the student is twice as fast.
    fn starts() -> Vec<Vec<Rounds>> {
        vec![vec![vec![[100, 200, 200]; 100]]; 7]
    }

    fn all(starts: &[Vec<Rounds>]) -> Option<Estimate> {
        estimate(starts, &(0..starts.len()).collect::<Vec<_>>())
    }

    #[test]
    fn a_burst_in_some_batches_of_some_starts_does_not_move_the_ratio() {
        let mut starts = starts();
        starts[1][0][7] = [90_000, 200, 200];
        starts[2][0][7] = [80_000, 200, 200];
        starts[3][0][8] = [100, 200, 70_000];
        let estimate = all(&starts).expect("rounds");
        assert!((estimate.speed - 2.0).abs() < 1e-9 && (estimate.control - 1.0).abs() < 1e-9);
    }

    #[test]
    fn starts_that_agree_have_a_narrow_interval_and_others_a_wide_one() {
        let mut starts = starts();
        assert!(deviation(&starts, 1) < 1e-9);
        for (index, start) in starts.iter_mut().enumerate() {
            for round in &mut start[0] {
                round[0] += 10 * index as u32;
            }
        }
        assert!(deviation(&starts, 1) > 0.05);
    }

    #[test]
    fn a_batch_that_is_slow_in_every_start_counts_in_full() {
        let mut starts = starts();
        for start in &mut starts {
            start[0][7] = [10_000, 200, 200];
        }
        let speed = all(&starts).expect("rounds").speed;
        assert!((speed - 20_000.0 / 19_900.0).abs() < 1e-9, "{speed}");
    }

    #[test]
    fn several_programs_count_alike() {
        let programs = vec![vec![[100, 200, 200]; 10], vec![[9_000_000, 4_500_000, 4_500_000]; 50]];
        let speed = all(&vec![programs; 7]).expect("rounds").speed;
        assert!((speed - 1.0).abs() < 1e-9, "{speed}");
    }

    #[test]
    fn starts_that_differ_and_a_clock_that_stands_still_give_nothing() {
        let mut starts = starts();
        starts[3][0].pop();
        assert_eq!(all(&starts), None);
        assert_eq!(all(&vec![vec![vec![[0, 5, 5]; 3]]; 7]), None);
        assert_eq!(all(&[]), None);
    }

    #[test]
    fn medians_of_even_and_odd_counts() {
        assert_eq!(median(vec![3, 1, 2]), Some(2.0));
        assert_eq!(median(vec![4, 1, 2, 3]), Some(2.5));
        assert_eq!(median(vec![]), None);
    }
}
