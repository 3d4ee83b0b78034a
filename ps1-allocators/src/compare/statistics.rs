//! A figure of several passes, and how sure it is.

use driverkit::prng::SplitMix64;

/// Resamples that an interval is taken from.
const RESAMPLES: usize = 400;

/// A figure with its 95 % percentile bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The figure.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A figure of all `passes`, and its interval from resampling them. `figure` gives it for some of them, by
/// index; an index may occur more than once.
pub fn interval(passes: usize, seed: u64, figure: impl Fn(&[usize]) -> f64) -> Interval {
    let mut prng = SplitMix64::new(seed);
    let mut chosen: Vec<usize> = (0..passes).collect();
    let value = figure(&chosen);
    let mut resampled: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            chosen.fill_with(|| prng.below(passes as u64) as usize);
            figure(&chosen)
        })
        .collect();
    resampled.sort_unstable_by(f64::total_cmp);
    let cut = RESAMPLES / 40;
    Interval { value, low: resampled[cut], high: resampled[RESAMPLES - 1 - cut] }
}

/// The time of all batches, each with its median over the chosen passes: a burst of other work hits a batch in
/// one pass and not in most, and an allocator that is slow in some batches is so in every pass.
pub fn total(times: &[Vec<f64>], chosen: &[usize]) -> f64 {
    let batches = times.first().map_or(0, Vec::len);
    let mut of_one = Vec::with_capacity(chosen.len());
    let mut median = |batch: usize| {
        of_one.clear();
        of_one.extend(chosen.iter().map(|pass| times[*pass][batch]));
        of_one.sort_unstable_by(f64::total_cmp);
        f64::midpoint(of_one[(of_one.len() - 1) / 2], of_one[of_one.len() / 2])
    };
    (0..batches).map(&mut median).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_in_one_pass_does_not_count_and_a_slow_batch_does() {
        let times = [vec![1.0, 50.0], vec![900.0, 50.0], vec![1.0, 52.0]];
        assert_eq!(total(&times, &[0, 1, 2]), 51.0);
        assert_eq!(total(&times, &[1, 1, 2]), 950.0);
        assert_eq!(total(&[], &[]), 0.0);
    }

    #[test]
    fn an_interval_holds_its_figure_and_is_a_point_where_all_passes_are_the_same() {
        let values = [1.0, 9.0, 2.0, 3.0, 4.0];
        let some = interval(5, 1, |chosen| chosen.iter().map(|pass| values[*pass]).sum());
        assert_eq!(some.value, 19.0);
        assert!(some.low < some.value && some.value < some.high);
        assert_eq!(interval(9, 1, |_| 4.0), Interval { value: 4.0, low: 4.0, high: 4.0 });
    }
}
