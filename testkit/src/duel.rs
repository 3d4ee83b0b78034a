//! How much faster or slower: a ratio of total times, measured in interleaved batches, over many starts.
//!
//! Three things spread a ratio. Within a process, bursts of other work: they hit a batch in one start, not
//! the same batch in most starts, so each batch counts with its median over the starts, and the total is
//! the sum of those. (A median over the batches of one start would be steadier still, but it does not see
//! an allocator that is slow in every tenth batch, which is what totals are about.) Between processes,
//! where code and pages happen to lie: so several starts, and an interval from resampling *them*. And the
//! machine as a whole: a peer against its own twin, over the same batches, must come out near one, or the run
//! says nothing.
//!
//! The sequential rule: after each round of starts, stop if the control is in its band, whole starts say the same as
//! each other and as the batches, and the whole interval earns the same credit to within a fiftieth; otherwise go on
//! until the budget is spent. What an answer earns is the better end of the interval. `examples/duel_error_rates.rs`
//! measures how often that is wrong.
//!
//! An answer must not gain by being unsteady itself. One that is slow in every other start makes its interval wide: so
//! the better end goes no farther than the machine's own unsteadiness, as the control shows it. One that is slow in some
//! batches of each start, and in others each time, has medians that see none of it: so what counts stays near the
//! ratio of whole starts.

use crate::check::{Check, Measure};
use crate::client::Client;
use crate::edges::Edges;
use crate::fault::{Fault, Judged};
use driverkit::prng::SplitMix64;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Starts between two decisions, and the most there may be.
const FEWEST: usize = 3;
const MOST: usize = 42;
/// How long a duel may go on for.
const BUDGET: Duration = Duration::from_secs(5);
/// The band that the peer's twin must stay in. A copy of the same code reads up to 4 % off, by where it
/// comes to lie; here both run the very same code, so what is left is noise.
const CONTROL: f64 = 1.08;

/// Credits that differ by no more are one: between the edges, where credit falls evenly, no interval is ever narrow
/// enough to earn the same at both ends.
const ALIKE: f64 = 0.02;

/// How many resamples an interval is taken from.
const RESAMPLES: usize = 100;
/// How many deviations the interval reaches to either side, by the number of starts from three on:
/// Student's t for 99 % with one degree of freedom fewer. Clear cases are decided early, at a wide interval.
const STUDENT: [f64; 6] = [9.92, 5.84, 4.60, 4.03, 3.71, 3.50];

/// The least deviation that is taken for the machine's, as a part of the speed; and how much more than the control's it may
/// be.
const STEADY: f64 = 0.005;
const UNSTEADY: f64 = 2.0;

/// How much faster than in whole starts an answer may be by its batches: in half of them where the machine is calm, in three
/// of four where it is not. Other programs' bursts make more of a difference, but hit whom they like.
const BURSTS: f64 = 1.25;

/// How far a peer and its twin are apart in three of four whole starts of a calm machine: a burst in either makes it more.
const CALM: f64 = 1.15;

/// What one start gave: nanoseconds a batch of student, peer and the peer's twin.
pub type Rounds = Vec<[u32; 3]>;

/// What one or more starts come to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Estimate {
    /// The peer's time over the student's: above one where the student is faster.
    speed: f64,
    /// The peer's time over its twin's.
    control: f64,
}

/// What a duel came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settled {
    /// The peer's time over the student's: above one where the student is faster.
    pub speed: f64,
    /// The lower end of the speed's interval.
    pub low: f64,
    /// The upper end, which is what counts: what is undecided goes to the student's favour.
    pub high: f64,
    /// The peer's time over its twin's.
    pub control: f64,
    /// Starts that it took.
    pub starts: usize,
}

/// Runs a duel and notes what it earns.
///
/// `round(seed)` is one round of fresh processes, and gives what each did: the same programs in the same
/// order each time. Over several programs, the ratio is the geometric mean. `what` names the measure in a
/// sentence.
///
/// # Errors
///
/// As [`settle`].
pub fn duel(
    check: &Check,
    name: &str,
    what: &str,
    edges: &Edges,
    mut round: impl FnMut(u64) -> Judged<Vec<Rounds>>,
) -> Judged {
    check.peers().forget();
    let settled = settle(edges, check.seed(), |seed| {
        check.peers().next_start();
        round(seed)
    })?;
    let measure =
        Measure { value: settled.speed, unit: "x", low: Some(settled.low), high: Some(settled.high) };
    edges.earn(check, name, what, measure);
    check.measure(&format!("{name}_control"), settled.control, "x");
    check.measure(&format!("{name}_starts"), settled.starts as f64, "");
    Ok(())
}

/// Has the drivers of all starts that come before the next decision made ready, where the start with `seed` is the first
/// of them. `asked(seed)` is what each is asked.
///
/// # Errors
///
/// As [`Client::prepare`].
pub fn prepare<Q: Serialize>(client: &Client<'_>, seed: u64, asked: impl Fn(u64) -> Q) -> Judged {
    let gone = seed.wrapping_sub(client.check().seed()) % FEWEST as u64;
    if gone > 0 {
        return Ok(());
    }
    client.prepare((0..FEWEST as u64).map(|start| asked(seed.wrapping_add(start))))
}

/// Notes what starts earn that another duel has run.
///
/// # Errors
///
/// [`Fault::Broke`] where they do not match.
pub fn told(check: &Check, name: &str, what: &str, edges: &Edges, starts: &[Vec<Rounds>]) -> Judged {
    let all: Vec<usize> = (0..starts.len()).collect();
    let estimate = estimate(starts, &all).filter(|_| starts.len() >= FEWEST);
    let Some(Estimate { speed, .. }) = estimate else {
        return Err(Fault::Broke("the rounds of a duel do not match".to_owned()));
    };
    let Interval { speed, low, earns, .. } = interval(starts, speed, check.seed());
    edges.earn(check, name, what, Measure { value: speed, unit: "x", low: Some(low), high: Some(earns) });
    Ok(())
}

/// Runs rounds until what they earn is settled, or the budget is spent.
///
/// # Errors
///
/// Whatever a round's fault is; [`Fault::Broke`] where the machine is too noisy to time on.
pub fn settle(
    edges: &Edges,
    seed: u64,
    mut round: impl FnMut(u64) -> Judged<Vec<Rounds>>,
) -> Judged<Settled> {
    let start = Instant::now();
    let mut starts: Vec<Vec<Rounds>> = Vec::new();
    loop {
        starts.push(round(seed.wrapping_add(starts.len() as u64))?);
        // A driver makes its contestants in an order that its seed turns round: three starts are fair.
        if !starts.len().is_multiple_of(FEWEST) {
            continue;
        }
        let all: Vec<usize> = (0..starts.len()).collect();
        let Some(Estimate { speed, control }) = estimate(&starts, &all) else {
            return Err(Fault::Broke("the rounds of a duel do not match".to_owned()));
        };
        let Interval { low, high, earns, speed, agreed } = interval(&starts, speed, seed);
        let spent = start.elapsed() > BUDGET || starts.len() >= MOST;
        let quiet = (1.0 / CONTROL..=CONTROL).contains(&control);
        let decided = quiet && agreed && (edges.credit(high) - edges.credit(low)).abs() <= ALIKE;
        if !decided && !spent {
            continue;
        }
        if !quiet {
            return Err(Fault::Broke(format!(
                "the machine is too noisy to time on: the peer against its own twin came out at {control:.2}"
            )));
        }
        return Ok(Settled { speed, low, high: earns, control, starts: starts.len() });
    }
}

/// What a speed is known to lie in.
struct Interval {
    /// The speed, which is near that of whole starts.
    speed: f64,
    low: f64,
    high: f64,
    /// How far the better end goes for what it earns: as far as the machine's doing.
    earns: f64,
    /// Whether whole starts say the same as each other and as the batches. Where they do not, few of them say nothing.
    agreed: bool,
}

fn interval(starts: &[Vec<Rounds>], speed: f64, seed: u64) -> Interval {
    let whole = whole(starts).unwrap_or(Whole { speed: f64::INFINITY, agreed: false });
    let most = BURSTS * whole.speed;
    // Where an answer is faster than that by its batches, bursts may have hit it in most of the few starts so far.
    let agreed = whole.agreed && speed <= most;
    let speed = speed.min(most);
    let reach = STUDENT[(starts.len() - FEWEST).min(STUDENT.len() - 1)];
    let deviations = deviations(starts, seed);
    let half = reach * deviations.speed;
    let (low, high) = (speed - half, (speed + half).min(most));
    let machine = reach * speed * STEADY.max(UNSTEADY * deviations.control);
    Interval { speed, low, high, earns: high.min(speed + machine), agreed }
}

/// Runs the fewest starts and notes the ratio, for the reader: it earns nothing.
///
/// # Errors
///
/// Whatever a round's fault is.
pub fn glance(check: &Check, name: &str, mut round: impl FnMut(u64) -> Judged<Vec<Rounds>>) -> Judged {
    let seeds = (0..FEWEST as u64).map(|start| check.seed().wrapping_add(start));
    let starts = seeds.map(&mut round).collect::<Judged<Vec<_>>>()?;
    let all: Vec<usize> = (0..starts.len()).collect();
    if let Some(estimate) = estimate(&starts, &all) {
        check.measure(name, estimate.speed, "x");
    }
    Ok(())
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

/// The standard deviations of speed and control, from resampling the starts (Efron's bootstrap).
fn deviations(starts: &[Vec<Rounds>], seed: u64) -> Estimate {
    let mut prng = SplitMix64::new(seed);
    let count = starts.len() as u64;
    let resample = |_| {
        let chosen: Vec<usize> = (0..count).map(|_| prng.below(count) as usize).collect();
        estimate(starts, &chosen)
    };
    let resamples: Vec<Estimate> = (0..RESAMPLES).filter_map(resample).collect();
    let deviation = |of: fn(&Estimate) -> f64| {
        let mean = resamples.iter().map(of).sum::<f64>() / resamples.len().max(1) as f64;
        let squares: f64 = resamples.iter().map(|resample| (of(resample) - mean).powi(2)).sum();
        (squares / resamples.len().max(1) as f64).sqrt()
    };
    Estimate { speed: deviation(|estimate| estimate.speed), control: deviation(|estimate| estimate.control) }
}

/// What whole starts say, each with all its bursts.
struct Whole {
    speed: f64,
    /// Whether most of them say the same, or need not: where the machine is not calm, they differ by its doing.
    agreed: bool,
}

/// The median over the starts of a calm machine; of another the third quartile, since there bursts hit the student's
/// batches in more than half of them.
fn whole(starts: &[Vec<Rounds>]) -> Option<Whole> {
    let each: Vec<Estimate> = starts.iter().map(|start| whole_start(start)).collect::<Option<_>>()?;
    let sorted = |of: fn(&Estimate) -> f64| {
        let mut values: Vec<f64> = each.iter().map(of).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let apart = sorted(|start| start.control.ln().abs());
    let calm = apart.get(apart.len().saturating_sub(1) * 3 / 4).is_some_and(|apart| apart.exp() < CALM);
    let speeds = sorted(|start| start.speed);
    // With every round of starts after the first, one more may have met a burst.
    let others = speeds.len() - (speeds.len() / FEWEST).saturating_sub(1);
    let alike = |speeds: &[f64]| matches!(speeds, [first, .., last] if *last <= BURSTS * first);
    let agreed = !calm || speeds.windows(others).any(alike);
    let speed = *speeds.get(if calm { speeds.len() / 2 } else { speeds.len() * 3 / 4 })?;
    Some(Whole { speed, agreed })
}

fn whole_start(programs: &[Rounds]) -> Option<Estimate> {
    let totals = |rounds: &Rounds| {
        [0, 1, 2].map(|contestant| rounds.iter().map(|round| f64::from(round[contestant])).sum::<f64>())
    };
    let mean = |of: fn([f64; 3]) -> f64| {
        let logarithms = programs.iter().map(|rounds| of(totals(rounds)).ln());
        (logarithms.sum::<f64>() / programs.len().max(1) as f64).exp()
    };
    let speed = mean(|[student, peer, twin]| f64::midpoint(peer, twin) / student);
    Some(Estimate { speed, control: mean(|[_, peer, twin]| peer / twin) }).filter(|it| it.speed.is_finite())
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
        assert!(deviations(&starts, 1).speed < 1e-9);
        for (index, start) in starts.iter_mut().enumerate() {
            for round in &mut start[0] {
                round[0] += 10 * index as u32;
            }
        }
        assert!(deviations(&starts, 1).speed > 0.05);
    }

    fn edges() -> Edges {
        Edges {
            better: crate::edges::Better::Higher,
            full: 2.0,
            zero: 1.0,
            unit: "x".to_owned(),
            frozen: None,
        }
    }

    /// Settles on what `time` gives for a batch of a start, the student's; the others take 200.
    fn settled(time: impl Fn(u64, u32) -> u32) -> Settled {
        let round = |seed| Ok(vec![(0..100).map(|batch| [time(seed, batch), 200, 200]).collect()]);
        settle(&edges(), 0, round).expect("steady peers")
    }

    #[test]
    fn an_answer_that_is_slower_in_every_other_start_earns_what_it_is() {
        let settled = settled(|start, _| if start % 2 == 0 { 130 } else { 220 });
        assert!(settled.high < 1.6, "{settled:?}");
    }

    #[test]
    fn an_answer_that_is_slow_in_other_batches_each_time_is_seen_whole() {
        let settled = settled(|start, batch| if u64::from(batch) % 5 == start % 5 { 4_000 } else { 50 });
        assert!(settled.high < 0.5, "{settled:?}");
    }

    #[test]
    fn an_answer_that_is_fast_in_a_quarter_of_its_starts_earns_what_it_is_in_most() {
        let settled = settled(|start, batch| {
            let drawn = u64::from(batch).wrapping_mul(7).wrapping_add(start) % 5 == 0;
            if drawn && start % 4 != 0 { 4_000 } else { 50 }
        });
        assert!(settled.high < 0.5, "{settled:?}");
    }

    #[test]
    fn an_answer_that_bursts_hit_in_two_of_three_starts_earns_what_it_is_without_them() {
        // In most starts some batch of one of them, or of two.
        let burst = |seed: u64, contestant: u64| !(seed + contestant).is_multiple_of(3);
        let round = |seed| {
            let mut rounds: Rounds = vec![[95, 200, 200]; 100];
            for contestant in (0..3).filter(|contestant| burst(seed, *contestant)) {
                rounds[(seed * 7 + contestant) as usize % 100][contestant as usize] += 40_000;
            }
            Ok(vec![rounds])
        };
        let settled = settle(&edges(), 0, round).expect("steady peers");
        assert!(settled.high >= 2.0, "{settled:?}");
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
