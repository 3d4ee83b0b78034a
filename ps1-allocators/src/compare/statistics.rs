//! A median, and how sure it is.

use driverkit::prng::SplitMix64;

/// Resamples that an interval is taken from.
const RESAMPLES: usize = 2000;

/// A median with its 95 % percentile bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The median.
    pub median: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Estimates the median of `values`; `None` if there are none.
pub fn interval(values: &[f64], seed: u64) -> Option<Interval> {
    let median_of = |mut values: Vec<f64>| {
        values.sort_unstable_by(f64::total_cmp);
        f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
    };
    if values.is_empty() {
        return None;
    }
    let mut prng = SplitMix64::new(seed);
    let mut draw = || values[prng.below(values.len() as u64) as usize];
    let mut medians: Vec<f64> =
        (0..RESAMPLES).map(|_| median_of((0..values.len()).map(|_| draw()).collect())).collect();
    medians.sort_unstable_by(f64::total_cmp);
    let cut = RESAMPLES / 40;
    Some(Interval {
        median: median_of(values.to_vec()),
        low: medians[cut],
        high: medians[RESAMPLES - 1 - cut],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_the_median_and_is_a_point_where_all_is_the_same() {
        let some = interval(&[1.0, 9.0, 2.0, 3.0], 1).expect("values");
        assert_eq!(some.median, 2.5);
        assert!(some.low <= some.median && some.median <= some.high && some.low < some.high);
        assert_eq!(interval(&[4.0; 9], 1), Some(Interval { median: 4.0, low: 4.0, high: 4.0 }));
        assert_eq!(interval(&[], 1), None);
    }
}
