//! Times an allocator beside a peer on the same commands, or beside itself in another state.

use super::{Command, Replay, Scale, Timed};
use crate::replies::Replies;
use crate::timed::interleave;
use heap_api::{RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// Replays on the student's allocator, on a peer, and on the peer's twin for the A/A control.
///
/// Nothing is replied where a region can't be mapped. All commands are carried out once before the clock
/// starts: a page's first touch costs more than any allocator.
pub fn time<A: RawAllocator, P: RawAllocator>(
    student: impl FnOnce(Region) -> A,
    peer: impl Fn(Region) -> P,
    replay: &Replay,
    replies: &mut Replies,
) {
    race(replay, || Contestant::new(replay, student, &[]), || Contestant::new(replay, &peer, &[]), replies);
}

/// The same beside a peer whose blocks lie outside its region, such as the system's allocator.
pub fn time_anywhere<A: RawAllocator, P: RawAllocator>(
    student: impl FnOnce(Region) -> A,
    peer: impl Fn(Region) -> P,
    replay: &Replay,
    replies: &mut Replies,
) {
    let anywhere = || Contestant::made(replay, &peer, &[], true);
    race(replay, || Contestant::new(replay, student, &[]), anywhere, replies);
}

/// Replays on three of the student's allocators: one after the beginning `many`, two after `few`.
pub fn scale<A: RawAllocator>(new: impl Fn(Region) -> A, scale: &Scale, replies: &mut Replies) {
    race(
        &scale.replay,
        || Contestant::new(&scale.replay, &new, &scale.many),
        || Contestant::new(&scale.replay, &new, &scale.few),
        replies,
    );
}

/// One of the first kind against two of the second. Where memory comes to lie favours the ones that are
/// made later by some per cent, so over three consecutive seeds each is made first, second and last.
fn race<A: RawAllocator, P: RawAllocator>(
    replay: &Replay,
    first: impl FnOnce() -> Option<Contestant<A>>,
    second: impl Fn() -> Option<Contestant<P>>,
    replies: &mut Replies,
) {
    let mut order = [0, 1, 2];
    order.rotate_left((replay.seed % 3) as usize);
    let (mut first, mut student, mut peers) = (Some(first), None, [None, None]);
    for contestant in order {
        match contestant {
            0 => student = first.take().and_then(|first| first()),
            peer => peers[peer - 1] = second(),
        }
    }
    let (Some(mut student), [Some(mut peer), Some(mut twin)]) = (student, peers) else { return };
    let steps = steps(&replay.commands);
    let batches: Vec<&[Step]> = steps.chunks(replay.batch.max(1) as usize).collect();
    replies.expect(0);
    replies.send(&Timed::Started);
    let rounds = interleave(batches.len(), replay.seed, |contestant, batch| match contestant {
        0 => student.run(batches[batch]),
        1 => peer.run(batches[batch]),
        _ => twin.run(batches[batch]),
    });
    replies.send(&Timed::Timing { rounds, offsets: student.offsets });
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
    /// Over a region of its own, with `beginning` done.
    fn new(replay: &Replay, new: impl FnOnce(Region) -> A, beginning: &[Command]) -> Option<Self> {
        Self::made(replay, new, beginning, false)
    }

    /// With `anywhere`, blocks may lie outside the region: only for peers, which are trusted.
    fn made(
        replay: &Replay,
        new: impl FnOnce(Region) -> A,
        beginning: &[Command],
        anywhere: bool,
    ) -> Option<Self> {
        let region = Region::map(usize::try_from(replay.region).ok()?).ok()?;
        ask_for_huge_pages(&region);
        let (base, len) = if anywhere { (0, usize::MAX) } else { (region.base().addr().get(), region.len()) };
        let beginning = steps(beginning);
        let count = beginning.len() + replay.commands.len();
        let ids = |steps: &[Step]| steps.iter().map(|step| step.id + 1).max().unwrap_or(0);
        let ids = ids(&beginning).max(ids(&steps(&replay.commands)));
        let (live, offsets) = (vec![None; ids], Vec::with_capacity(count));
        let mut contestant = Self { allocator: new(region), base, len, live, offsets };
        contestant.warm_up(&beginning, &steps(&replay.commands));
        contestant.run(&beginning);
        Some(contestant)
    }

    /// Does everything once and frees what is left, so that the pages of blocks have been touched, and those
    /// of the tables that a design keeps beside its region: that is the system's time, not the allocator's.
    fn warm_up(&mut self, beginning: &[Step], steps: &[Step]) {
        self.run(beginning);
        self.run(steps);
        // By address: neighbours come back one after the other, which no design finds hard.
        let mut left: Vec<_> = self.live.iter_mut().filter_map(Option::take).collect();
        left.sort_unstable_by_key(|(block, _)| block.addr());
        for (block, layout) in left {
            // SAFETY: the block is live and was allocated for this layout.
            let _ = unsafe { self.allocator.deallocate(block, layout) };
        }
        self.offsets.clear();
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

/// Asks for 2 MiB pages, where the system has them on request: how small ones happen to lie in physical memory
/// makes some per cent between two regions, and more than that between the first one made and the last.
fn ask_for_huge_pages(region: &Region) {
    #[cfg(target_os = "linux")]
    // SAFETY: the range is one mapping of ours, and the advice changes no byte of it.
    unsafe {
        libc::madvise(region.base().as_ptr().cast(), region.len(), libc::MADV_HUGEPAGE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = region;
}
