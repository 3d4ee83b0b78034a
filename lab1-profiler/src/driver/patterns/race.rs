//! Times the student's `Patterns` beside a yardstick: two of the standard library's hash maps.

use super::{encode, happen};
use crate::protocol::patterns::{Event, Found, Race};
use driverkit::Replies;
use driverkit::timed::{interleave, started, stopped};
use lab1_profiler::patterns::Patterns;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::hint::black_box;

/// The standard library's hash, without its random keys: so a yardstick's tables look like its twin's.
type Hash = BuildHasherDefault<DefaultHasher>;

/// Two look-ups an event, in a map by address and in one by site. It draws no conclusions.
#[derive(Default)]
struct Yardstick {
    blocks: HashMap<u64, (u64, u32), Hash>,
    sites: HashMap<u32, u64, Hash>,
}

impl Yardstick {
    fn happen(&mut self, event: Event) {
        let site = match event {
            Event::Allocated(block, size, site) => {
                self.blocks.insert(block, (size, site));
                site
            }
            Event::Moved(from, to, new_size) => {
                let Some((_, site)) = self.blocks.remove(&from) else { return };
                self.blocks.insert(to, (new_size, site));
                site
            }
            Event::Freed(block) => match self.blocks.remove(&block) {
                Some((_, site)) => site,
                None => return,
            },
        };
        *self.sites.entry(site).or_default() += 1;
    }
}

/// Times events, after their [rehearsal](Race::rehearsal).
pub fn time(race: &Race, replies: &mut Replies) {
    let sites = race.sites.max(1);
    let batches: Vec<&[Event]> = race.events.chunks(race.batch.max(1) as usize).collect();
    let (mut student, mut yardsticks) = (Patterns::new(), [(); 2].map(|()| Yardstick::default()));
    let rehearsal = race.rehearsal();
    // Where memory comes to lie favours some; over three consecutive seeds each is first, second, last.
    for turn in 0..3 {
        match (race.seed.wrapping_add(turn) % 3) as usize {
            0 => rehearsal.iter().for_each(|event| happen(&mut student, *event)),
            other => rehearsal.iter().for_each(|event| yardsticks[other - 1].happen(*event)),
        }
    }
    let mut told = Vec::with_capacity(batches.len() + sites as usize);
    let turns = started(replies, 1);
    let rounds = interleave(turns, batches.len(), race.seed, |contestant, batch| match contestant {
        0 => {
            batches[batch].iter().for_each(|event| happen(&mut student, *event));
            told.push(encode(student.site(batch as u32 % sites)));
        }
        _ => {
            let yardstick = &mut yardsticks[contestant - 1];
            batches[batch].iter().for_each(|event| yardstick.happen(*event));
            black_box(yardstick.sites.get(&(batch as u32 % sites)));
        }
    });
    stopped(replies, rounds, || {
        told.extend((0..sites).map(|site| encode(student.site(site))));
        Found::Profiles(told)
    });
}
