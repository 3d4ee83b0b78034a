//! Time beside peers.

use super::laws::timing::{race, slowdown};
use crate::protocol::patterns::Event;
use driverkit::prng::SplitMix64;
use testkit::judge;

#[test]
fn keeps_up_with_two_look_ups_an_event() {
    judge(|check| race(check, 500, &events(check.seed(), 100_000)))
}

/// A program that comes to have ten thousand blocks, some of which grow, and frees every fourth at once.
fn events(seed: u64, count: usize) -> Vec<Event> {
    let mut prng = SplitMix64::new(seed);
    let mut free: Vec<u64> = (0..20_000).map(|block| 0x7f00_0000_0000 + 48 * block).collect();
    prng.shuffle(&mut free);
    let (mut live, mut events) = (Vec::new(), Vec::with_capacity(count));
    let one_of = |list: &mut Vec<u64>, prng: &mut SplitMix64| {
        let at = prng.below(list.len() as u64) as usize;
        list.swap_remove(at)
    };
    while events.len() < count {
        let magnitude = 4 + prng.below(8);
        let size = 16 + prng.below(1 << magnitude);
        let growing = if live.len() < 10_000 { 11 } else { 6 };
        match prng.below(16) {
            0 if !live.is_empty() => {
                let (from, to) = (one_of(&mut live, &mut prng), one_of(&mut free, &mut prng));
                events.push(Event::Moved(from, to, size));
                live.push(to);
                free.push(from);
            }
            draw if draw <= growing => {
                let block = one_of(&mut free, &mut prng);
                events.push(Event::Allocated(block, size, prng.below(500) as u32));
                if prng.below(4) == 0 {
                    events.push(Event::Freed(block));
                    free.push(block);
                } else {
                    live.push(block);
                }
            }
            _ if !live.is_empty() => {
                let block = one_of(&mut live, &mut prng);
                events.push(Event::Freed(block));
                free.push(block);
            }
            _ => {}
        }
    }
    events
}

#[test]
fn sampling_hardly_slows_a_program_down() {
    judge(|check| slowdown(check, 512 << 10, 2000, &blocks(check.seed(), 200_000)))
}

/// Blocks of up to a KiB, small ones mostly.
fn blocks(seed: u64, count: usize) -> Vec<(u32, u32)> {
    let mut prng = SplitMix64::new(seed);
    let block = |_| {
        let magnitude = 3 + prng.below(8);
        (prng.below(2000) as u32, 8 + prng.below(1 << magnitude) as u32)
    };
    (0..count).map(block).collect()
}
