//! Real threads on the student's tracker.

use super::hand::{Hand, Table};
use super::recycling::Recycling;
use crate::protocol::track::{Fate, HEAP, Outcome, Record, Stress};
use driverkit::prng::SplitMix64;
use std::sync::{Mutex, PoisonError};

/// Blocks that a thread has at once, at most.
const HELD: u32 = 32;
/// Places where threads leave blocks for one another.
const EXCHANGE: u32 = 8;
/// The largest request in bytes.
const LARGEST: u64 = 64 << 10;

type Exchange = Vec<Mutex<Option<Record>>>;

/// Lets threads allocate, resize, hand over and free at once, before a heap with few addresses, so that what
/// one of them frees is another's at once.
pub fn stress(stress: &Stress) -> Outcome {
    let count = stress.threads * HELD + EXCHANGE;
    let addresses = (0..u64::from(count)).map(|number| HEAP + number * 48);
    let table = Table::new(Recycling::new(addresses));
    let exchange: Exchange = (0..EXCHANGE).map(|_| Mutex::new(None)).collect();
    let mut hands: Vec<Hand> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..stress.threads)
            .map(|thread| {
                let (table, exchange) = (&table, &exchange);
                scope.spawn(move || work(table, stress, thread, exchange))
            })
            .collect();
        // A panic has ended the process already, by the hook.
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let mut left = Hand::default();
    for place in exchange {
        place
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .into_iter()
            .for_each(|it| left.pick_up(it));
    }
    hands.push(left);
    table.outcome(hands)
}

fn work(table: &Table, stress: &Stress, thread: u32, exchange: &Exchange) -> Hand {
    let mut prng = SplitMix64::new(stress.seed ^ u64::from(thread));
    let mut hand = Hand::default();
    for operation in 0..stress.operations {
        if hand.len() >= HELD as usize - 1 {
            hand.free(table);
        }
        hand.malloc(table, prng.below(LARGEST), thread * stress.operations + operation);
        match prng.below(8) {
            0..3 => hand.free(table),
            3 => hand.realloc(table, 1 + prng.below(LARGEST), Fate::Stays, u32::MAX),
            4 => hand.realloc(table, 1 + prng.below(LARGEST), Fate::Moves, u32::MAX),
            5 => hand.realloc(table, 1 + prng.below(LARGEST), Fate::Fails, u32::MAX),
            _ => {
                let place = &exchange[prng.below(u64::from(EXCHANGE)) as usize];
                hand.exchange(&mut place.lock().unwrap_or_else(PoisonError::into_inner));
            }
        }
    }
    hand
}
