//! From what processes left to one profile, for every report.
//!
//! Several processes are one run: their sites are added up by place. Sizes over time are those of the process that
//! made the most calls.

use crate::names::Names;
use lab1_profiler::dump::{Dump, Site};
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
    let point = |point: &lab1_profiler::dump::Point| Moment {
        at: Duration::from_nanos(point.nanoseconds),
        sample: point.sample(),
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
        series: largest.points.iter().map(point).collect(),
        sizes: sizes.into_iter().map(|((low, high), count)| Bucket { low, high, count }).collect(),
        ..Run::default()
    }
}
