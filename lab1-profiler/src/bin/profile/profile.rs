//! From what processes left to one profile, for every report.
//!
//! Several processes are one run: their sites are added up by place. Sizes over time are those of the process that
//! made the most calls.

use crate::names::Names;
use lab1_profiler::dump::{Dump, Point, Site};
use lab1_profiler::profile::{Bucket, Figures, Moment, Profile, Run};
use lab1_profiler::report::Weight;
use std::collections::BTreeMap;
use std::time::Duration;

/// The profile of a run, of whose processes each left a dump.
pub fn of(dumps: &[Dump], names: &mut Names) -> Profile {
    let mut profile = Profile::new(run(dumps));
    for dump in dumps {
        for site in &dump.sites {
            // Of a built-in profiler's stacks the first frame is its own.
            let own = usize::from(dump.built_in && site.stack.len() > 1);
            let stack = names.places(dump, site.epoch, &site.stack[own..]);
            profile.add_site(&stack, 0, &figures(site));
        }
    }
    profile
}

fn figures(site: &Site) -> Figures {
    let weight =
        |(blocks, bytes): (f64, f64)| Weight { blocks: blocks.round() as u64, bytes: bytes.round() as u64 };
    Figures {
        allocated: weight(site.total),
        at_end: weight(site.live),
        lifetime: site.pattern.map_or(0, |pattern| pattern.lifetime),
        ..Figures::default()
    }
}

fn run(dumps: &[Dump]) -> Run {
    let Some(largest) = dumps.iter().max_by_key(|dump| dump.served) else { return Run::default() };
    let sum = |part: fn(&Dump) -> u64| dumps.iter().map(part).sum();
    let patterns = || dumps.iter().flat_map(|dump| &dump.sites).filter_map(|site| site.pattern);
    let mut sizes = BTreeMap::new();
    for (low, high, count) in dumps.iter().flat_map(|dump| &dump.sizes) {
        *sizes.entry((*low, *high)).or_insert(0) += count;
    }
    // Where it broke, what it would have told is 0.
    let tracked = largest.broken.iter().all(|(part, _)| part != "track");
    let whole = tracked && largest.sample.is_none();
    let moment = |point: &Point| Moment {
        at: Duration::from_nanos(point.nanoseconds),
        live: tracked.then_some(point.live),
        usable: whole.then_some(point.usable),
        footprint: whole.then_some(point.footprint),
        // No process is without pages.
        resident: Some(point.resident).filter(|bytes| *bytes > 0),
    };
    Run {
        command: largest.command.join(" "),
        pid: largest.process,
        elapsed: Duration::from_nanos(largest.nanoseconds),
        sampled: largest.sample,
        clock: sum(|dump| dump.totals.total_bytes),
        reallocations: sum(|dump| dump.totals.reallocations),
        temporary: largest.sample.is_none().then(|| patterns().map(|pattern| pattern.temporary).sum()),
        // Where not all blocks are looked at, the footprint is not known.
        overhead: largest.peaks.filter(|_| largest.sample.is_none()).map(|(_, overhead)| overhead),
        series: largest.points.iter().map(moment).collect(),
        sizes: sizes.into_iter().map(|((low, high), count)| Bucket { low, high, count }).collect(),
        ..Run::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_nobody_looked_at_are_not_known() {
        let point = Point { resident: 4, footprint: 3, usable: 2, live: 1, ..Point::default() };
        let moment = |dump: Dump| {
            let Moment { live, usable, footprint, resident, .. } = run(&[dump]).series[0];
            [live, usable, footprint, resident]
        };
        let whole = Dump { points: vec![point], ..Dump::default() };
        assert_eq!(moment(whole.clone()), [Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(moment(Dump { sample: Some(512), ..whole.clone() }), [Some(1), None, None, Some(4)]);
        let broken = vec![("track".to_owned(), "not yet implemented".to_owned())];
        assert_eq!(moment(Dump { broken, ..whole }), [None, None, None, Some(4)]);
        let elsewhere = Point { resident: 0, ..point };
        assert_eq!(moment(Dump { points: vec![elsewhere], ..Dump::default() })[3], None);
    }
}
