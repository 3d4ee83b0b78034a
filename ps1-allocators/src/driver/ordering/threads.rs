//! Real threads on a ring and on a seqlock.

use crate::protocol::ordering::{Pair, Pass, Passed, Watch, digest, number};
use ps1_allocators::ordering::{SeqLock, ring};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a thread waits for a step of the other before it gives up. What it has then done is the reply.
const PATIENCE: Duration = Duration::from_secs(2);
/// Attempts between two looks at the clock, after each of which the other thread may have the core.
const ATTEMPTS: u32 = 64;
/// What the writer waits between two writes, so that readers come to an end.
const PAUSE: u32 = 30;

/// Repeats `attempt` until it succeeds or patience ends.
fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    let mut start = None;
    loop {
        for _ in 0..ATTEMPTS {
            if let Some(result) = attempt() {
                return Some(result);
            }
            std::hint::spin_loop();
        }
        std::thread::yield_now();
        if start.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return None;
        }
    }
}

/// Lets one thread push the numbers and another one pop until there are no more.
pub fn pass(pass: &Pass) -> Passed {
    let (mut producer, mut consumer) = ring(pass.capacity as usize);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for place in 0..pass.count {
                let value = number(pass.seed, place);
                if until(|| producer.push(value).ok()).is_none() {
                    break;
                }
            }
            done.store(true, Ordering::Release);
        });
        let mut passed = Passed { count: 0, digest: 0 };
        loop {
            // Read before the ring is found empty: what came before the end is in there by then.
            let ended = done.load(Ordering::Acquire);
            match until(|| consumer.pop().map(Some).or_else(|| done.load(Ordering::Acquire).then_some(None)))
            {
                Some(Some(value)) => {
                    passed.count += 1;
                    passed.digest = digest(passed.digest, value);
                }
                Some(None) if !ended => {}
                Some(None) | None => return passed,
            }
        }
    })
}

/// Lets one thread write pair after pair while others read. Each reader's last pair is what it read after the
/// writer had ended.
pub fn watch(watch: &Watch) -> Vec<Vec<Pair>> {
    let lock = SeqLock::new(watch.pair(0));
    let done = AtomicBool::new(false);
    let barrier = Barrier::new(watch.readers as usize + 1);
    std::thread::scope(|scope| {
        let read = || {
            barrier.wait();
            let mut seen: Vec<Pair> = Vec::new();
            while !done.load(Ordering::Acquire) {
                match lock.try_read() {
                    Some(pair) if seen.last() != Some(&pair) && seen.len() < watch.noted as usize => {
                        seen.push(pair)
                    }
                    _ => std::hint::spin_loop(),
                }
            }
            seen.extend(until(|| lock.try_read()));
            seen
        };
        let readers: Vec<_> = (0..watch.readers).map(|_| scope.spawn(read)).collect();
        barrier.wait();
        for place in 1..=watch.writes {
            lock.write(watch.pair(place));
            (0..PAUSE).for_each(|_| std::hint::spin_loop());
        }
        done.store(true, Ordering::Release);
        // A panic has ended the process already, by the hook.
        readers.into_iter().filter_map(|reader| reader.join().ok()).collect()
    })
}
