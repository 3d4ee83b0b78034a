//! What sites and histograms must tell, computed from the definitions: every block's whole life is kept, and every
//! bucket is written out.

use crate::protocol::patterns::{Event, Histograms, Profile, Told};
use std::collections::{BTreeMap, HashMap};

/// A leak score may be off by so much: one rounding of each number, and one of their quotient.
const ROUNDING: f64 = 1e-12;

/// All that one thread did.
#[derive(Default)]
pub struct Thread {
    /// Bytes allocated so far. It never wraps, as 2^64 events would have to happen first.
    clock: u128,
    /// The address of the block that the last event allocated, if it did.
    newest: Option<u64>,
    /// By address.
    live: HashMap<u64, Life>,
    /// By site: how many were allocated, and the ends of those that did end.
    sites: HashMap<u32, (u64, Vec<End>)>,
}

struct Life {
    site: u32,
    size: u64,
    birth: u128,
}

struct End {
    lifetime: u128,
    temporary: bool,
}

impl Thread {
    /// An event happens.
    pub fn observe(&mut self, event: Event) {
        let newest = self.newest.take();
        match event {
            Event::Allocated(block, size, site) => {
                self.end(block, false);
                self.clock += u128::from(size);
                self.newest = Some(block);
                self.sites.entry(site).or_default().0 += 1;
                self.live.insert(block, Life { site, size, birth: self.clock });
            }
            Event::Moved(from, to, new_size) => {
                let life = self.live.remove(&from);
                self.end(to, false);
                if let Some(life) = life {
                    self.clock += u128::from(new_size.saturating_sub(life.size));
                    self.live.insert(to, Life { size: new_size, ..life });
                }
            }
            Event::Freed(block) => self.end(block, newest == Some(block)),
        }
    }

    /// The block at an address ends, if there is one.
    fn end(&mut self, block: u64, temporary: bool) {
        if let Some(life) = self.live.remove(&block) {
            // What a clock of 64 bits shows of it.
            let lifetime = (self.clock - life.birth) % (1 << 64);
            self.sites.entry(life.site).or_default().1.push(End { lifetime, temporary });
        }
    }

    /// What must be known of a site.
    pub fn expected(&self, site: u32) -> Profile {
        let nothing = (0, Vec::new());
        let (allocations, ends) = self.sites.get(&site).unwrap_or(&nothing);
        let frees = ends.len() as u64;
        let lifetime: u128 = ends.iter().map(|end| end.lifetime).sum();
        Profile {
            allocations: *allocations,
            frees,
            temporary: ends.iter().filter(|end| end.temporary).count() as u64,
            lifetime: u64::try_from(lifetime).unwrap_or(u64::MAX),
            leak_score: (allocations - frees + 1) as f64 / (allocations + 2) as f64,
        }
    }
}

/// What is wrong with what is told of a site.
pub fn differs(expected: &Profile, told: &Profile) -> Option<String> {
    let counts = [
        ("allocations", told.allocations, expected.allocations),
        ("frees", told.frees, expected.frees),
        ("temporary", told.temporary, expected.temporary),
        ("lifetime", told.lifetime, expected.lifetime),
    ];
    if let Some((name, told, expected)) = counts.into_iter().find(|(_, told, expected)| told != expected) {
        return Some(format!("`{name}` is {told}; expected {expected}"));
    }
    let (told, expected) = (told.leak_score, expected.leak_score);
    let close = (told - expected).abs() <= ROUNDING * expected;
    (!close).then(|| format!("`leak_score` is {told}; expected {expected}"))
}

/// The least and the largest size of every bucket: one each for 0 to 31, then 16 of the same width for each
/// doubling.
pub fn buckets() -> Vec<(u64, u64)> {
    let mut buckets: Vec<(u64, u64)> = (0..32).map(|size| (size, size)).collect();
    for width in (1..60).map(|power| 1_u64 << power) {
        // 16 widths are the doubling's first size.
        buckets.extend((16..32).map(|part| (part * width, part * width + (width - 1))));
    }
    buckets
}

/// The bucket of a size.
pub fn bucket(buckets: &[(u64, u64)], size: u64) -> u64 {
    buckets.partition_point(|(_, most)| *most < size) as u64
}

/// What histograms tell.
pub fn histograms(job: &Histograms) -> Vec<Told> {
    let buckets = buckets();
    // Wide enough for what merging a hundred times gives.
    let mut shards: Vec<BTreeMap<u64, u128>> = vec![BTreeMap::new(); job.shards.len()];
    let record = |counts: &mut BTreeMap<u64, u128>, size: u64| {
        *counts.entry(bucket(&buckets, size)).or_default() += 1;
    };
    for (counts, sizes) in shards.iter_mut().zip(&job.shards) {
        sizes.iter().for_each(|size| record(counts, *size));
    }
    for (into, from) in &job.merges {
        for (bucket, more) in shards[*from as usize].clone() {
            *shards[*into as usize].entry(bucket).or_default() += more;
        }
    }
    job.then.iter().for_each(|(at, size)| record(&mut shards[*at as usize], *size));
    let most = |count: u128| u64::try_from(count).unwrap_or(u64::MAX);
    let told = |counts: BTreeMap<u64, u128>| Told {
        total: most(counts.values().sum()),
        counts: counts.into_iter().map(|(bucket, count)| (bucket, most(count))).collect(),
    };
    shards.into_iter().map(told).collect()
}
