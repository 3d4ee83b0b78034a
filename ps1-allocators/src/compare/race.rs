//! The race: every contestant replays the same operations, batch by batch in random order, in one process.
//!
//! Each is tried on the whole trace once before the clock starts. So pages are touched and tables grown; a
//! contestant that is not written yet, panics or refuses a request is told of and does not race; and the
//! footprint of those that have a region is known.

use crate::contestants::Entrant;
use crate::statistics::{Interval, interval, total};
use driverkit::heap::Command;
use driverkit::prng::SplitMix64;
use heap_api::RawAllocator;
use std::alloc::Layout;
use std::collections::HashSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::time::Instant;
use traces::Trace;

/// Operations in a batch: some microseconds to some hundred.
const BATCH: usize = 2000;
/// What a footprint is counted in, in bytes.
const PAGE: usize = 4096;

/// How a contestant did on a trace.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It replayed the trace.
    Raced {
        /// The first contestant's time over its own: above one is faster.
        speed: Interval,
        /// Its time for an operation in the mean, in nanoseconds.
        nanos: f64,
        /// Peak of live bytes over the pages that ever held some, where it has a region.
        utilisation: Option<f64>,
    },
    /// It ends in a `todo!`.
    NotWritten,
    /// It can't be timed, for this reason.
    Out(String),
}

/// An operation, decoded before the clock starts.
pub enum Step {
    /// Number and layout.
    Allocate(usize, Layout),
    /// Number and size.
    Reallocate(usize, usize),
    /// Number.
    Free(usize),
}

/// A contestant at work.
pub trait Racer {
    /// Carries out a batch.
    fn run(&mut self, steps: &[Step]);
    /// Frees what is left.
    fn clear(&mut self);
    /// Makes room for so many numbers.
    fn expect(&mut self, numbers: usize);
    /// Requests and frees that were refused so far.
    fn refused(&self) -> usize;
    /// Adds the pages that a block lies in, if it is live and there is a region to look at; whether there is.
    fn pages(&self, id: usize, pages: &mut HashSet<usize>) -> bool;
}

/// A contestant and its live blocks.
pub struct Racing<A> {
    allocator: A,
    region: Option<Range<usize>>,
    live: Vec<Option<(NonNull<u8>, Layout)>>,
    refused: usize,
}

impl<A: RawAllocator> Racing<A> {
    /// With the addresses of its region, if it has one.
    pub fn new(allocator: A, region: Option<Range<usize>>) -> Self {
        Self { allocator, region, live: Vec::new(), refused: 0 }
    }

    /// Writes the block's first byte, as a program would. A block outside the region counts as refused, and
    /// is not touched.
    #[inline]
    fn place(&mut self, id: usize, block: Option<NonNull<u8>>, layout: Layout) {
        let inside = |block: &NonNull<u8>| {
            self.region.as_ref().is_none_or(|region| region.contains(&block.addr().get()))
        };
        match block.filter(inside) {
            Some(block) => {
                // SAFETY: the allocator says that the byte is the caller's, and it lies in its region.
                unsafe { block.write_volatile(1) };
                self.live[id] = Some((block, layout));
            }
            None => self.refused += 1,
        }
    }
}

impl<A: RawAllocator> Racer for Racing<A> {
    #[inline(never)]
    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            match *step {
                Step::Allocate(id, layout) => {
                    let block = self.allocator.allocate(layout).ok().map(NonNull::cast);
                    self.place(id, block, layout);
                }
                Step::Reallocate(id, size) => {
                    let Some((block, old)) = self.live[id] else { continue };
                    let Ok(new) = Layout::from_size_align(size, old.align()) else { continue };
                    // SAFETY: the block is live and was allocated for this layout.
                    let moved = unsafe { self.allocator.reallocate(block, old, size) };
                    self.place(id, moved.ok().map(NonNull::cast), new);
                }
                Step::Free(id) => {
                    if let Some((block, layout)) = self.live[id].take() {
                        // SAFETY: the block is live and was allocated for this layout.
                        let freed = unsafe { self.allocator.deallocate(block, layout) };
                        self.refused += usize::from(freed.is_err());
                    }
                }
            }
        }
    }

    fn clear(&mut self) {
        for id in 0..self.live.len() {
            self.run(&[Step::Free(id)]);
        }
    }

    fn expect(&mut self, numbers: usize) {
        self.live.resize(numbers, None);
    }

    fn refused(&self) -> usize {
        self.refused
    }

    fn pages(&self, id: usize, pages: &mut HashSet<usize>) -> bool {
        if let Some((block, layout)) = self.live[id] {
            let from = block.addr().get();
            pages.extend(from / PAGE..=(from + layout.size() - 1) / PAGE);
        }
        self.region.is_some()
    }
}

/// Decodes a trace; what is no layout is left out, as are the numbers that it would have named.
fn steps(commands: &[Command]) -> Vec<Step> {
    let layout = |size: u64, align: u64| Layout::from_size_align(size as usize, align as usize).ok();
    let step = |command: &Command| match *command {
        Command::Allocate { id, size, align } => Some(Step::Allocate(id as usize, layout(size, align)?)),
        Command::Reallocate { id, size } => Some(Step::Reallocate(id as usize, size.max(1) as usize)),
        Command::Deallocate { id } => Some(Step::Free(id as usize)),
        _ => None,
    };
    commands.iter().filter_map(step).collect()
}

/// A region in which nobody runs out who wastes less than three quarters of it.
fn room(trace: &Trace) -> usize {
    (trace.peak as usize * 4).next_multiple_of(2 << 20) + (4 << 20)
}

/// Which entrant, the contestant, and the seconds of each batch of each pass.
type Running = (usize, Box<dyn Racer>, Vec<Vec<f64>>);

/// Races everyone over a trace, `passes` times. `tell` is told which pass begins.
///
/// # Errors
///
/// Where the first contestant, which the others are compared with, is out itself.
pub fn race(
    entrants: &[Entrant],
    trace: &Trace,
    passes: usize,
    mut tell: impl FnMut(usize),
) -> Result<Vec<Outcome>, String> {
    let steps = steps(&trace.commands);
    let room = room(trace);
    let tried: Vec<_> =
        entrants.iter().map(|entrant| quietly(|| attempt(entrant, &steps, trace, room))).collect();
    let mut racers: Vec<Running> = Vec::new();
    let mut outcomes = Vec::new();
    let mut utilisations = Vec::new();
    for (at, tried) in tried.into_iter().enumerate() {
        match tried {
            Ok((racer, utilisation)) => {
                racers.push((at, racer, Vec::new()));
                utilisations.push(utilisation);
                outcomes.push(None);
            }
            Err(outcome) => {
                utilisations.push(None);
                outcomes.push(Some(outcome));
            }
        }
    }
    if let Some(Some(outcome)) = outcomes.first() {
        return Err(format!("{} can't replay {}: {outcome:?}", entrants[0].name, trace.name));
    }
    let mut prng = SplitMix64::new(trace.commands.len() as u64);
    let mut order: Vec<usize> = (0..racers.len()).collect();
    for pass in 1..=passes {
        tell(pass);
        for (_, _, times) in &mut racers {
            times.push(Vec::new());
        }
        for batch in steps.chunks(BATCH) {
            prng.shuffle(&mut order);
            for &racer in &order {
                let (_, racer, times) = &mut racers[racer];
                let start = Instant::now();
                racer.run(batch);
                let seconds = start.elapsed().as_secs_f64().max(1e-9);
                if let Some(pass) = times.last_mut() {
                    pass.push(seconds);
                }
            }
        }
        for (_, racer, _) in &mut racers {
            racer.clear();
        }
    }
    let all: Vec<usize> = (0..passes).collect();
    for (at, _, times) in &racers {
        let first = &racers[0].2;
        outcomes[*at] = Some(Outcome::Raced {
            speed: interval(passes, 1, |chosen| total(first, chosen) / total(times, chosen)),
            nanos: total(times, &all) * 1e9 / steps.len().max(1) as f64,
            utilisation: utilisations[*at],
        });
    }
    let nothing = || Outcome::Out("was not timed".to_owned());
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(nothing)).collect())
}

type Tried = Result<(Box<dyn Racer>, Option<f64>), Outcome>;

/// Replays the trace once, untimed.
fn attempt(entrant: &Entrant, steps: &[Step], trace: &Trace, room: usize) -> Tried {
    let mut racer = (entrant.make)(room)
        .ok_or_else(|| Outcome::Out(format!("no region of {} MiB could be mapped", room >> 20)))?;
    let number = |step: &Step| match step {
        Step::Allocate(id, _) | Step::Reallocate(id, _) | Step::Free(id) => *id,
    };
    racer.expect(steps.iter().map(|step| number(step) + 1).max().unwrap_or(0));
    let (mut pages, mut has_region) = (HashSet::new(), false);
    for step in steps {
        racer.run(std::slice::from_ref(step));
        has_region = racer.pages(number(step), &mut pages);
    }
    racer.clear();
    if racer.refused() > 0 {
        return Err(Outcome::Out(format!("refused {} of {} calls", racer.refused(), steps.len())));
    }
    let footprint = pages.len() * PAGE;
    let utilisation = (has_region && footprint > 0).then(|| trace.peak as f64 / footprint as f64);
    Ok((racer, utilisation))
}

/// Runs `body` without a panic's message, and tells a `todo!` from other panics.
fn quietly(body: impl FnOnce() -> Tried) -> Tried {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(body));
    std::panic::set_hook(hook);
    result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message");
        Err(match text.starts_with("not yet implemented") || text.starts_with("not implemented") {
            true => Outcome::NotWritten,
            false => Outcome::Out(format!("panicked: {}", text.lines().next().unwrap_or(""))),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestants;

    fn tiny() -> Trace {
        let mut commands = Vec::new();
        for id in 0..50 {
            commands.push(Command::Allocate { id, size: 24 + u64::from(id), align: 16 });
            commands.push(Command::Reallocate { id, size: 200 });
        }
        commands.extend((0..49).map(|id| Command::Deallocate { id }));
        Trace { name: "tiny".to_owned(), peak: 10_000, commands }
    }

    #[test]
    fn peers_race_and_what_is_missing_or_broken_is_told() {
        let mut entrants = contestants::all();
        entrants.retain(|entrant| !entrant.name.contains("yours"));
        let sound = entrants.len();
        entrants.push(Entrant { name: "todo", make: |_| todo!("ps1.slab.new") });
        entrants.push(Entrant { name: "broken", make: |_| panic!("index out of bounds") });
        entrants.push(Entrant { name: "nowhere", make: |_| None });
        let mut told = Vec::new();
        let outcomes = race(&entrants, &tiny(), 5, |pass| told.push(pass)).expect("System replays it");
        assert_eq!(told, [1, 2, 3, 4, 5]);
        for (entrant, outcome) in entrants.iter().zip(&outcomes).take(sound) {
            assert!(matches!(outcome, Outcome::Raced { .. }), "{}: {outcome:?}", entrant.name);
        }
        assert_eq!(outcomes[sound], Outcome::NotWritten);
        assert_eq!(outcomes[sound + 1], Outcome::Out("panicked: index out of bounds".to_owned()));
        assert_eq!(outcomes[sound + 2], Outcome::Out("no region of 6 MiB could be mapped".to_owned()));
    }
}
