//! Gathering what a process did: from the tracker, from each thread, from the places of code.

use super::threads::Figures;
use super::{Base, Runtime};
use crate::dump::{Dump, Point, Segment, Site, Totals};
use crate::fragmentation::Sample;
use crate::patterns::Histogram;
use std::collections::BTreeMap;

/// How many blocks had a size in each bucket, by its bounds.
type Sizes = BTreeMap<(u64, u64), u64>;

impl<B: Base> Runtime<B> {
    /// All that is to be told of the process.
    pub(super) fn dump(&self, complete: bool) -> Dump {
        self.series.add(&self.fragmentation, || self.point());
        let (points, peaks) = self.series.finish(&self.fragmentation);
        let (mut sites, segments) = self.places();
        let mut totals = self.live(&mut sites);
        let mut sizes = Sizes::new();
        for state in self.threads.iter() {
            state.with(|figures| {
                self.take_in(state, figures);
                self.add_figures(figures, &mut sites, &mut sizes);
            });
        }
        if self.config.sample.is_some() {
            totals = Totals { reallocations: self.served()[2], ..estimate(&sites, &points) };
        }
        let parts =
            [("track", &self.track), ("fragmentation", &self.fragmentation), ("patterns", &self.patterns)];
        let broken =
            parts.iter().filter_map(|(name, part)| Some(((*name).to_owned(), part.said()?.to_owned())));
        Dump {
            process: std::process::id(),
            parent: std::os::unix::process::parent_id(),
            command: command(),
            built_in: self.built_in,
            complete,
            nanoseconds: self.nanoseconds(),
            sample: self.config.sample,
            served: self.served().iter().sum(),
            totals,
            broken: broken.collect(),
            segments,
            sites,
            sizes: sizes.into_iter().map(|((low, high), count)| (low, high, count)).collect(),
            points,
            peaks: peaks.map(|(Sample { resident, footprint, usable, live }, overhead)| {
                (Point { resident, footprint, usable, live, ..Point::default() }, overhead)
            }),
        }
    }

    /// The sites, without figures, and the code that they are in.
    fn places(&self) -> (Vec<Site>, Vec<Segment>) {
        let known = self.sites.known();
        let sites = known.stacks.iter().map(|stack| Site {
            epoch: stack.epoch,
            stack: stack.frames.iter().map(|address| *address as u64).collect(),
            ..Site::default()
        });
        let segments = known.code.segments.iter().map(|segment| Segment {
            epoch: segment.epoch,
            start: segment.range.start as u64,
            end: segment.range.end as u64,
            offset: segment.offset,
            file: segment.file.clone(),
        });
        (sites.collect(), segments.collect())
    }

    /// Adds to each site what it has live, and gives the tracker's sums.
    fn live(&self, sites: &mut [Site]) -> Totals {
        let Some(tracker) = &self.tracker else { return Totals::default() };
        let totals = self.track.run(|| {
            tracker.live(&mut |record| {
                // A block may come from a site that is newer than the list.
                if let Some(site) = sites.get_mut(record.site as usize) {
                    let weight = self.stands_for(record.size);
                    site.live.0 += weight;
                    site.live.1 += weight * record.size as f64;
                }
            });
            tracker.totals()
        });
        totals.unwrap_or_default().into()
    }

    /// Adds what a thread noted.
    fn add_figures(&self, figures: &Figures, sites: &mut [Site], sizes: &mut Sizes) {
        for (number, (site, mass)) in sites.iter_mut().zip(&figures.allocated).enumerate() {
            site.total.0 += mass.blocks;
            site.total.1 += mass.bytes;
            if mass.blocks > 0.0
                && let Some(patterns) = &figures.patterns
                && let Some(of) = self.patterns.run(|| patterns.site(number as crate::Site))
            {
                site.pattern.get_or_insert_default().add(&of);
            }
        }
        if let Some(of) = &figures.sizes {
            self.patterns.run(|| {
                for bucket in 0..=Histogram::bucket(u64::MAX) {
                    let count = of.count(bucket);
                    if count > 0 {
                        *sizes.entry(Histogram::bounds(bucket)).or_insert(0) += count;
                    }
                }
            });
        }
    }
}

/// The sums where not all blocks were looked at, but for changes of size, which are all counted: the tracker's own are
/// those of the blocks that were.
fn estimate(sites: &[Site], points: &[Point]) -> Totals {
    let sum = |part: fn(&Site) -> f64| sites.iter().map(part).sum::<f64>().round() as u64;
    let (allocations, live_bytes) = (sum(|site| site.total.0), sum(|site| site.live.1));
    Totals {
        allocations,
        frees: allocations.saturating_sub(sum(|site| site.live.0)),
        reallocations: 0,
        total_bytes: sum(|site| site.total.1),
        live_bytes,
        peak_bytes: points.iter().map(|point| point.live).max().unwrap_or(0).max(live_bytes),
    }
}

/// The program and its arguments.
fn command() -> Vec<String> {
    let bytes = std::fs::read("/proc/self/cmdline").unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    let mut words: Vec<String> = words.collect();
    // Each word ends in a zero.
    words.pop();
    words
}
