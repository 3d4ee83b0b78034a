//! Times an allocator beside a peer on the same commands, or beside itself in another state.

use super::{Command, Replay, Scale, rehearsal};
use crate::replies::Replies;
use crate::timed::{interleave, started, stopped};
use heap_api::{RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// Replays on the student's allocator, on a peer, and on the peer's twin for the A/A control.
///
/// Nothing is replied where a region can't be mapped. There is a [`rehearsal`] before the clock starts: a
/// page's first touch costs more than any allocator.
pub fn time<A: RawAllocator + 'static, P: RawAllocator + 'static>(
    student: impl Fn(Region) -> A,
    peer: impl Fn(Region) -> P,
    replay: &Replay,
    replies: &mut Replies,
) {
    let student = || Contestant::new(replay, &boxed(&student), &[]);
    let peer = || Contestant::renewed(replay, &boxed(&peer), &[]);
    time_made(replay, &student, &peer, replies);
}

/// The same beside a peer whose blocks lie outside its region, such as the system's allocator.
pub fn time_anywhere<A: RawAllocator + 'static, P: RawAllocator + 'static>(
    student: impl Fn(Region) -> A,
    peer: impl Fn(Region) -> P,
    replay: &Replay,
    replies: &mut Replies,
) {
    let student = || Contestant::new(replay, &boxed(&student), &[]);
    let peer = || Contestant::made(replay, &boxed(&peer), &[], true);
    time_made(replay, &student, &peer, replies);
}

/// Replays on three of the student's allocators, one after the beginning `many`, two after `few`; and on a peer after `few`.
pub fn scale<A: RawAllocator + 'static, P: RawAllocator + 'static>(
    student: impl Fn(Region) -> A,
    peer: impl Fn(Region) -> P,
    scale: &Scale,
    replies: &mut Replies,
) {
    let after = |beginning| Contestant::new(&scale.replay, &boxed(&student), beginning);
    let (many, few) = (|| after(&scale.many), || after(&scale.few));
    let Some([many, few, twin]) = made(&scale.replay, &many, &few) else { return };
    let Some(peer) = Contestant::renewed(&scale.replay, &boxed(&peer), &scale.few) else { return };
    let mut contestants = [many, few, twin, peer];
    let rounds = race(&scale.replay, &mut contestants, 3, replies);
    let [many, ..] = &mut contestants;
    let peers: Vec<u32> = rounds.iter().map(|[.., peer]| *peer).collect();
    let rounds = rounds.into_iter().map(|[many, few, twin, _]| [many, few, twin]).collect();
    stopped(replies, rounds, || (std::mem::take(&mut many.offsets), peers));
}

/// Makes an allocator behind a pointer. So what is timed is compiled once, the same for all contestants, and not anew with
/// every answer; and none of them can be merged into the loop around it.
type New<'n> = dyn Fn(Region) -> Box<dyn RawAllocator> + 'n;

fn boxed<A: RawAllocator + 'static>(new: impl Fn(Region) -> A) -> impl Fn(Region) -> Box<dyn RawAllocator> {
    move |region| Box::new(new(region))
}

/// Replays on one of the first kind and two of the second.
fn time_made(
    replay: &Replay,
    first: &dyn Fn() -> Option<Contestant>,
    second: &dyn Fn() -> Option<Contestant>,
    replies: &mut Replies,
) {
    let Some(mut contestants) = made(replay, first, second) else { return };
    let rounds = race(replay, &mut contestants, 1, replies);
    let [first, ..] = &mut contestants;
    stopped(replies, rounds, || std::mem::take(&mut first.offsets));
}

/// One of the first kind and two of the second. Where memory comes to lie favours the ones that are
/// made later by some per cent, so over three consecutive seeds each is made first, second and last; and over the
/// next three the other way round, since in three turns of one circle the peer comes before its twin twice.
fn made(
    replay: &Replay,
    first: &dyn Fn() -> Option<Contestant>,
    second: &dyn Fn() -> Option<Contestant>,
) -> Option<[Contestant; 3]> {
    let mut order = [0, 1, 2];
    order.rotate_left((replay.seed % 3) as usize);
    if (replay.seed / 3) % 2 == 1 {
        order.reverse();
    }
    let mut contestants = [None, None, None];
    for contestant in order {
        contestants[contestant] = if contestant == 0 { first() } else { second() };
    }
    let [first, second, twin] = contestants;
    Some([first?, second?, twin?])
}

/// Has contestants take turns, of whom the first `own` are the student's, after word that the clock starts: how long each
/// batch took each of them.
fn race<const N: usize>(
    replay: &Replay,
    contestants: &mut [Contestant; N],
    own: usize,
    replies: &mut Replies,
) -> Vec<[u32; N]> {
    let steps = steps(&replay.commands);
    let batches: Vec<&[Step]> = steps.chunks(replay.batch.max(1) as usize).collect();
    let turns = started(replies, own);
    interleave(turns, batches.len(), replay.seed, |contestant, batch| {
        contestants[contestant].run(batches[batch]);
    })
}

fn region(replay: &Replay) -> Option<Region> {
    let region = Region::map(usize::try_from(replay.region).ok()?).ok()?;
    region.ask_for_huge_pages();
    Some(region)
}

/// The least that the system gives memory by.
const PAGE: usize = 4096;

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
struct Contestant {
    allocator: Box<dyn RawAllocator>,
    base: usize,
    len: usize,
    live: Vec<Option<(NonNull<u8>, Layout)>>,
    offsets: Vec<u32>,
}

impl Contestant {
    /// Over a region of its own, with `beginning` done.
    fn new(replay: &Replay, new: &New, beginning: &[Command]) -> Option<Self> {
        Self::made(replay, new, beginning, false)
    }

    /// With `anywhere`, blocks may lie outside the region: only for peers, which are trusted.
    fn made(replay: &Replay, new: &New, beginning: &[Command], anywhere: bool) -> Option<Self> {
        let mut contestant = Self::rehearsed(replay, new, beginning, anywhere)?;
        contestant.free_all();
        Some(contestant.after(beginning))
    }

    /// A peer that begins anew after its rehearsal, in a region whose pages it has: to free all that is left takes one
    /// that searches its lists longer than all else here.
    fn renewed(replay: &Replay, new: &New, beginning: &[Command]) -> Option<Self> {
        let mut contestant = Self::rehearsed(replay, new, beginning, false)?;
        let region = region(replay)?;
        for offset in (0..region.len()).step_by(PAGE) {
            // SAFETY: the byte lies in the region, and nobody has it yet.
            unsafe { region.at(offset).write_volatile(0) };
        }
        contestant.base = region.base().addr().get();
        contestant.allocator = new(region);
        contestant.live.fill(None);
        Some(contestant.after(beginning))
    }

    fn rehearsed(replay: &Replay, new: &New, beginning: &[Command], anywhere: bool) -> Option<Self> {
        let region = region(replay)?;
        let (base, len) = if anywhere { (0, usize::MAX) } else { (region.base().addr().get(), region.len()) };
        let rehearsal = steps(&rehearsal(beginning, &replay.commands, replay.rehearsal));
        let ids = rehearsal.iter().map(|step| step.id + 1).max().unwrap_or(0);
        let (live, offsets) = (vec![None; ids], Vec::with_capacity(rehearsal.len()));
        let mut contestant = Self { allocator: new(region), base, len, live, offsets };
        contestant.run(&rehearsal);
        Some(contestant)
    }

    fn after(mut self, beginning: &[Command]) -> Self {
        self.offsets.clear();
        self.run(&steps(beginning));
        self
    }

    /// Frees what is left, by address.
    fn free_all(&mut self) {
        let mut left: Vec<_> = self.live.iter_mut().filter_map(Option::take).collect();
        left.sort_unstable_by_key(|(block, _)| block.addr());
        for (block, layout) in left {
            // SAFETY: the block is live and was allocated for this layout.
            let _ = unsafe { self.allocator.deallocate(block, layout) };
        }
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
