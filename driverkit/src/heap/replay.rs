//! Times an allocator beside a peer on the same commands.

use super::{Command, Replay, Timing};
use crate::timed::interleave;
use heap_api::{RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// Replays on the student's allocator, on a peer, and on the peer's twin for the A/A control.
///
/// `None` where a region can't be mapped. All regions are touched before the clock starts: a page's first
/// touch costs more than any allocator, and falls to whoever happens to come first.
pub fn time<A: RawAllocator, P: RawAllocator>(
    student: impl FnOnce(Region) -> A,
    peer: impl Fn(Region) -> P,
    replay: &Replay,
) -> Option<Timing> {
    let steps = steps(&replay.commands);
    let ids = steps.iter().map(|step| step.id + 1).max().unwrap_or(0);
    let mut student = Contestant::new(replay.region, student, ids, steps.len())?;
    let mut control = Contestant::new(replay.region, &peer, ids, steps.len())?;
    let mut twin = Contestant::new(replay.region, &peer, ids, steps.len())?;
    let (untimed, timed) = steps.split_at((replay.untimed as usize).min(steps.len()));
    student.run(untimed);
    control.run(untimed);
    twin.run(untimed);
    let batches: Vec<&[Step]> = timed.chunks(replay.batch.max(1) as usize).collect();
    let rounds = interleave(batches.len(), replay.seed, |contestant, batch| match contestant {
        0 => student.run(batches[batch]),
        1 => control.run(batches[batch]),
        _ => twin.run(batches[batch]),
    });
    Some(Timing { rounds, offsets: student.offsets })
}

/// A command, decoded before the clock starts.
struct Step {
    id: usize,
    kind: Kind,
}

enum Kind {
    Allocate(Layout),
    Reallocate(usize),
    Deallocate,
}

/// Drops what can't be timed: misuse, walks, and layouts that are none.
fn steps(commands: &[Command]) -> Vec<Step> {
    let decode = |command: &Command| {
        let step = |id: u32, kind| Some(Step { id: id as usize, kind });
        match *command {
            Command::Allocate { id, size, align } => {
                let layout =
                    Layout::from_size_align(usize::try_from(size).ok()?, usize::try_from(align).ok()?);
                step(id, Kind::Allocate(layout.ok()?))
            }
            Command::Reallocate { id, size } => step(id, Kind::Reallocate(usize::try_from(size).ok()?)),
            Command::Deallocate { id } => step(id, Kind::Deallocate),
            _ => None,
        }
    };
    commands.iter().filter_map(decode).collect()
}

/// One allocator, its live blocks, and where it put them.
struct Contestant<A> {
    allocator: A,
    base: usize,
    len: usize,
    live: Vec<Option<(NonNull<u8>, Layout)>>,
    offsets: Vec<u32>,
}

impl<A: RawAllocator> Contestant<A> {
    fn new(len: u64, new: impl FnOnce(Region) -> A, ids: usize, steps: usize) -> Option<Self> {
        let region = Region::map(usize::try_from(len).ok()?).ok()?;
        for page in (0..region.len()).step_by(4096) {
            // SAFETY: the page lies in the region, which nobody else knows yet. Zero is what it holds.
            unsafe { region.at(page).write_volatile(0) };
        }
        let (base, len) = (region.base().addr().get(), region.len());
        Some(Self {
            allocator: new(region),
            base,
            len,
            live: vec![None; ids],
            offsets: Vec::with_capacity(steps),
        })
    }

    #[inline(never)]
    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            let offset = match step.kind {
                Kind::Allocate(layout) => {
                    let block = self.allocator.allocate(layout).ok();
                    self.place(step.id, block, layout)
                }
                Kind::Reallocate(size) => self.reallocate(step.id, size),
                Kind::Deallocate => {
                    if let Some((block, layout)) = self.live[step.id].take() {
                        // SAFETY: the block is live and was allocated for this layout.
                        let _ = unsafe { self.allocator.deallocate(block, layout) };
                    }
                    u32::MAX
                }
            };
            // Within the capacity: an entry a step.
            self.offsets.push(offset);
        }
    }

    fn reallocate(&mut self, id: usize, size: usize) -> u32 {
        let Some((block, old)) = self.live[id] else { return u32::MAX };
        let Ok(new) = Layout::from_size_align(size, old.align()) else { return u32::MAX };
        // SAFETY: the block is live and was allocated for this layout.
        let moved = unsafe { self.allocator.reallocate(block, old, size) };
        match moved {
            Ok(moved) => self.place(id, Some(moved), new),
            Err(_) => u32::MAX,
        }
    }

    /// Writes the block's first byte, as a program would, and remembers it. A block that doesn't lie in
    /// the region is not touched, and its offset tells the judge.
    #[inline]
    fn place(&mut self, id: usize, block: Option<NonNull<[u8]>>, layout: Layout) -> u32 {
        let Some(block) = block.map(NonNull::cast::<u8>) else { return u32::MAX };
        let offset = block.addr().get().wrapping_sub(self.base);
        if offset >= self.len {
            return u32::MAX - 1;
        }
        // SAFETY: the byte lies in the region, and the allocator says that it is the caller's.
        unsafe { block.write_volatile(1) };
        self.live[id] = Some((block, layout));
        offset as u32
    }
}
