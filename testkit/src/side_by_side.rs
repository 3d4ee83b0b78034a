//! Parts of a check that need nothing of each other, each with drivers of its own.

use crate::fault::Judged;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Carries out `part` for each item, as many at once as there are processors, and gives what came of them in the items'
/// order.
///
/// What is timed does not belong here: the parts share the machine.
///
/// # Errors
///
/// The fault of the first item that has one, however long the others take: a check says the same each time. Once there
/// is a fault, no item is begun that comes after.
pub fn side_by_side<T: Send, R: Send>(
    items: impl IntoIterator<Item = T>,
    part: impl Fn(T) -> Judged<R> + Sync,
) -> Judged<Vec<R>> {
    let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let (next, faulty) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let item =
                items.get(at).and_then(|item| item.lock().unwrap_or_else(PoisonError::into_inner).take());
            let Some(item) = item.filter(|_| at < faulty.load(Ordering::Relaxed)) else { return done };
            let judged = part(item);
            if judged.is_err() {
                faulty.fetch_min(at, Ordering::Relaxed);
            }
            done.push((at, judged));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let mut done: Vec<(usize, Judged<R>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, judged)| judged).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;
    use std::time::Duration;

    #[test]
    fn what_came_of_the_parts_is_in_the_items_order() {
        let found = side_by_side(0..50_u64, |item| {
            std::thread::sleep(Duration::from_micros(item * 37 % 11 * 100));
            Ok(item * item)
        });
        assert_eq!(found.ok(), Some((0..50).map(|item| item * item).collect()));
    }

    #[test]
    fn the_fault_is_that_of_the_first_item_that_has_one_however_late() {
        let begun = AtomicUsize::new(0);
        let found = side_by_side(0..1000_u64, |item| {
            begun.fetch_add(1, Ordering::Relaxed);
            if item > 2 {
                return Err(Fault::failed(item.to_string()));
            }
            std::thread::sleep(Duration::from_millis(20));
            if item == 2 { Err(Fault::failed("late")) } else { Ok(()) }
        });
        assert!(matches!(found, Err(Fault::Failed(failure)) if *failure.message == *"late"));
        assert!(begun.into_inner() < 1000, "items were begun after the fault");
    }

    #[test]
    fn without_items_there_is_nothing_to_do() {
        assert_eq!(side_by_side(Vec::<()>::new(), Ok).ok(), Some(Vec::new()));
    }
}
