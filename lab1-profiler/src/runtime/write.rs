//! Writing down what a process did, at its end and now and then before.

use super::config::Place;
use super::{Base, Runtime};
use crate::dump::{Dump, Point, Segment, Site};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::path::Path;

impl<B: Base> Runtime<B> {
    /// Writes the profile. A failure is left beside it, for who started the program: the program's own output is
    /// nobody's but the program's.
    pub fn write(&self, complete: bool) {
        let bytes = self.profile(complete).encode();
        let written = match &self.config.place {
            Place::Folder(folder) => self.write_file(folder, &bytes),
            Place::Descriptor(number) => {
                // SAFETY: whoever configured the process keeps it open; it is not closed here.
                let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(*number) });
                // Interim profiles would be read as other processes.
                if complete { file.write_all(&bytes) } else { Ok(()) }
            }
        };
        // Nobody is left to be told.
        let _ = written;
    }

    /// Writes beside, then renames, so that whoever reads finds all of it or what was there before.
    fn write_file(&self, folder: &Path, bytes: &[u8]) -> io::Result<()> {
        let name = format!("{}-{:x}", std::process::id(), self.since);
        let (part, whole) = (folder.join(format!("{name}.part")), folder.join(format!("{name}.heap")));
        let write = || {
            fits(bytes.len())?;
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&part)?;
            file.write_all(bytes)?;
            std::fs::rename(&part, &whole)
        };
        write().inspect_err(|error| {
            let _ = std::fs::remove_file(&part);
            // An empty file takes no room on a full disk; its name says what happened.
            let code = error.raw_os_error().unwrap_or(0);
            let _ = File::create(folder.join(format!("{name}.{code}.failed")));
        })
    }

    fn profile(&self, complete: bool) -> Dump {
        let mut profile = Dump {
            process: std::process::id(),
            parent: std::os::unix::process::parent_id(),
            command: command(),
            built_in: self.built_in,
            complete,
            nanoseconds: self.nanoseconds(),
            sample: self.config.sample,
            served: self.served(),
            ..Dump::default()
        };
        self.series.add(&self.fragmentation, || self.point());
        let (points, peaks) = self.series.finish(&self.fragmentation);
        profile.points = points;
        profile.peaks = peaks.map(|(sample, overhead)| {
            let crate::fragmentation::Sample { resident, footprint, usable, live } = sample;
            (Point { resident, footprint, usable, live, ..Point::default() }, overhead)
        });
        self.add_sites(&mut profile);
        let parts =
            [("track", &self.track), ("fragmentation", &self.fragmentation), ("patterns", &self.patterns)];
        for (name, part) in parts {
            profile.broken.extend(part.said().map(|said| (name.to_owned(), said.to_owned())));
        }
        profile
    }

    fn add_sites(&self, profile: &mut Dump) {
        {
            let known = self.sites.known();
            profile.sites.extend(known.stacks.iter().map(|stack| Site {
                epoch: stack.epoch,
                stack: stack.frames.iter().map(|address| *address as u64).collect(),
                ..Site::default()
            }));
            profile.segments.extend(known.code.segments.iter().map(|segment| Segment {
                epoch: segment.epoch,
                start: segment.range.start as u64,
                end: segment.range.end as u64,
                offset: segment.offset,
                file: segment.file.clone(),
            }));
        }
        if let Some(tracker) = &self.tracker {
            let totals = self.track.run(|| tracker.totals()).unwrap_or_default();
            profile.totals = totals.into();
            let sites = &mut profile.sites;
            self.track.run(|| {
                tracker.live(&mut |record| {
                    // A block may come from a site that is newer than the list.
                    if let Some(site) = sites.get_mut(record.site as usize) {
                        let weight = self.stands_for(record.size);
                        site.live.0 += weight;
                        site.live.1 += weight * record.size as f64;
                    }
                });
            });
        }
        let mut sizes = std::collections::BTreeMap::new();
        for state in self.threads.iter() {
            state.with(|figures| {
                for (number, (site, mass)) in profile.sites.iter_mut().zip(&figures.allocated).enumerate() {
                    site.total.0 += mass.blocks;
                    site.total.1 += mass.bytes;
                    if mass.blocks > 0.0
                        && let Some(patterns) = &figures.patterns
                        && let Some(of) = self.patterns.run(|| patterns.site(number as crate::Site))
                    {
                        let pattern = site.pattern.get_or_insert_default();
                        pattern.allocations += of.allocations;
                        pattern.frees += of.frees;
                        pattern.temporary += of.temporary;
                        pattern.lifetime = pattern.lifetime.saturating_add(of.lifetime);
                        pattern.leak_score = pattern.leak_score.max(of.leak_score);
                    }
                }
                if let Some(of) = &figures.sizes {
                    self.patterns.run(|| {
                        for bucket in 0..=crate::patterns::Histogram::bucket(u64::MAX) {
                            let count = of.count(bucket);
                            if count > 0 {
                                *sizes.entry(crate::patterns::Histogram::bounds(bucket)).or_insert(0) +=
                                    count;
                            }
                        }
                    });
                }
            });
        }
        profile.sizes = sizes.into_iter().map(|((least, most), count)| (least, most, count)).collect();
    }

    /// How many blocks of this size a tracked one stands for: the inverse of its chance to be chosen.
    fn stands_for(&self, size: usize) -> f64 {
        let chance = |mean: u64| -(-(size as f64) / mean as f64).exp_m1();
        self.config.sample.map_or(1.0, |mean| 1.0 / chance(mean))
    }
}

/// Whether a file of so many bytes may be written: beyond the limit of its process a signal would come, and end it.
fn fits(bytes: usize) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for writing.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) } == 0;
    if known && bytes as u64 > limit.rlim_cur {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    Ok(())
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

/// Pages that the kernel gives the process memory for, in bytes; 0 where that can't be known.
pub(super) fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0);
    // SAFETY: takes an integer; the page size is always known.
    pages * (unsafe { libc::sysconf(libc::_SC_PAGESIZE) }) as u64
}
