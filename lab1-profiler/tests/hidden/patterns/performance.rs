//! Time on a program that nobody has seen.

use super::laws::timing::race;
use crate::protocol::patterns::Event;
use driverkit::prng::SplitMix64;
use testkit::judge;

#[test]
fn keeps_up_on_an_unseen_program() {
    judge(|check| race(check, 4000, &events(check.seed(), 100_000)));
}

/// A program in waves: it builds thousands of blocks one after the other, with temporaries between them and a last
/// one that grows, and frees most of them in the same order or the other.
fn events(seed: u64, count: usize) -> Vec<Event> {
    let mut prng = SplitMix64::new(seed);
    let (mut live, mut events) = (Vec::new(), Vec::with_capacity(count));
    let mut place = 0;
    while events.len() < count {
        for _ in 0..2000 + prng.below(6000) {
            // Addresses go up by what blocks take, and come round again after 64 MiB.
            let (size, site) = (1 + prng.below(400), prng.below(4000) as u32);
            place = (place + size.next_multiple_of(16) + 16) % (64 << 20);
            let block = 0x5555_0000_0000 + place;
            events.push(Event::Allocated(block, size, site));
            match prng.below(4) {
                0 => events.push(Event::Freed(block)),
                1 => events.push(Event::Moved(block, block, 2 * size)),
                _ => {}
            }
            live.push(block);
        }
        if prng.below(2) == 0 {
            live.reverse();
        }
        let most = live.len() - live.len() / 16;
        events.extend(live.drain(..most).map(Event::Freed));
    }
    events.truncate(count);
    events
}
