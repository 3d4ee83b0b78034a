//! Carries out a program, one reply a command.

use super::{Command, Extent, Program, Reply};
use crate::counting::{self, metered};
use crate::pages;
use crate::payload::{digest, fill, key};
use crate::replies::Replies;
use heap_api::{RawAllocator, Region};
use std::alloc::Layout;
use std::ptr::NonNull;

/// A live block as the driver knows it.
#[derive(Clone, Copy)]
struct Block {
    start: NonNull<u8>,
    layout: Layout,
    /// Whether all of `layout.size()` bytes lay in the region, so that they were filled.
    filled: bool,
}

/// What some allocators can do beside their trait. Without it, the commands for it are answered with
/// [`Reply::Unfit`].
pub struct Housekeeping<A> {
    /// Gives back what is not needed; how many.
    pub shrink: fn(&mut A) -> usize,
    /// Frees the block that starts so many bytes past the base, as another thread would.
    pub deallocate_remotely: fn(&mut A, usize),
    /// Takes in what others have freed; how many.
    pub collect: fn(&mut A) -> usize,
}

/// An allocator with its housekeeping.
struct Kept<A> {
    allocator: A,
    housekeeping: Option<Housekeeping<A>>,
}

/// What [`Housekeeping`] can be asked for.
enum Chore {
    Shrink,
    DeallocateRemotely(usize),
    Collect,
}

/// A [`Kept`] of any type, so that what carries out a program is compiled once, and not with every answer.
trait Keeps {
    fn allocator(&mut self) -> &mut dyn RawAllocator;
    /// How many things came of it, where the allocator can do it.
    fn keep(&mut self, chore: Chore) -> Option<usize>;
}

impl<A: RawAllocator> Keeps for Kept<A> {
    fn allocator(&mut self) -> &mut dyn RawAllocator {
        &mut self.allocator
    }

    fn keep(&mut self, chore: Chore) -> Option<usize> {
        let Housekeeping { shrink, deallocate_remotely, collect } = self.housekeeping.as_ref()?;
        let allocator = &mut self.allocator;
        Some(match chore {
            Chore::Shrink => shrink(allocator),
            Chore::DeallocateRemotely(offset) => {
                deallocate_remotely(allocator, offset);
                1
            }
            Chore::Collect => collect(allocator),
        })
    }
}

/// The allocator under test, and what the driver knows of its region.
struct Heap<'a> {
    kept: &'a mut dyn Keeps,
    base: NonNull<u8>,
    len: usize,
    seed: u64,
    /// By id; programs number their blocks from zero.
    live: Vec<Option<Block>>,
    /// The bytes of all regions, this one included, before there was an allocator.
    mapped: usize,
}

/// Makes an allocator over a fresh region and carries out `program` on it.
pub fn carry_out<A: RawAllocator>(new: impl FnOnce(Region) -> A, program: &Program, replies: &mut Replies) {
    carry_out_with(new, None, program, replies);
}

/// The same for an allocator that can do more than its trait.
pub fn carry_out_with<A: RawAllocator>(
    new: impl FnOnce(Region) -> A,
    housekeeping: Option<Housekeeping<A>>,
    program: &Program,
    replies: &mut Replies,
) {
    let Some(region) = usize::try_from(program.region).ok().and_then(|len| Region::map(len).ok()) else {
        // Out of address space: the judge sees a transcript without a single reply.
        return;
    };
    let (base, len) = (region.base(), region.len());
    if program.commands.last() == Some(&Command::Metadata) {
        pages::small_only();
    }
    let mapped = Region::mapped();
    counting::reset();
    let mut kept = Kept { allocator: metered(|| new(region)), housekeeping };
    Heap { kept: &mut kept, base, len, seed: program.seed, live: Vec::new(), mapped }
        .run(&program.commands, replies);
    metered(|| drop(kept.allocator));
}

impl Heap<'_> {
    fn run(&mut self, commands: &[Command], replies: &mut Replies) {
        replies.expect(commands.len());
        for command in commands {
            replies.send(&self.carry_out(command));
        }
    }

    fn carry_out(&mut self, command: &Command) -> Reply {
        match *command {
            Command::Allocate { id, size, align } => self.allocate(id, size, align),
            Command::Reallocate { id, size } => self.reallocate(id, size),
            Command::Deallocate { id } => self.deallocate(id),
            Command::DeallocateAll => self.deallocate_all(),
            Command::DeallocateAt { offset, size, align } => self.deallocate_at(offset, size, align),
            Command::Walk => {
                let mut extents = Vec::new();
                self.kept.allocator().walk(&mut |extent| extents.push(Extent::from(extent)));
                Reply::Extents(extents)
            }
            Command::Metadata => {
                let mapped = Region::mapped().saturating_sub(self.mapped);
                Reply::Metadata(counting::peak() + mapped as u64)
            }
            Command::Shrink => self.count(Chore::Shrink),
            Command::DeallocateRemotely { id } => self.deallocate_remotely(id),
            Command::Collect => self.count(Chore::Collect),
        }
    }

    fn count(&mut self, chore: Chore) -> Reply {
        metered(|| self.kept.keep(chore)).map_or(Reply::Unfit, |count| Reply::Count(count as u64))
    }

    fn deallocate_remotely(&mut self, id: u32) -> Reply {
        let Some(block) = self.live.get_mut(id as usize).and_then(Option::take) else { return Reply::Unfit };
        let held = self.held(block);
        // A block outside the region has been told of already, and has no number.
        if block.filled {
            let offset = block.start.addr().get() - self.base.addr().get();
            if metered(|| self.kept.keep(Chore::DeallocateRemotely(offset))).is_none() {
                return Reply::Unfit;
            }
        }
        Reply::Freed { held }
    }

    fn allocate(&mut self, id: u32, size: u64, align: u64) -> Reply {
        let Some(layout) = layout(size, align) else { return Reply::Unfit };
        match metered(|| self.kept.allocator().allocate(layout)) {
            Ok(block) => {
                self.adopt(id, block, layout);
                Reply::Block { offset: self.offset(block.cast()), len: block.len() as u64 }
            }
            Err(_) => Reply::NoMemory,
        }
    }

    fn reallocate(&mut self, id: u32, size: u64) -> Reply {
        let Some(old) = self.live.get(id as usize).copied().flatten() else { return Reply::Unfit };
        let Some(new) = layout(size, old.layout.align() as u64) else { return Reply::Unfit };
        let before = self.held(old);
        // SAFETY: the block is live and was allocated for this layout.
        let moved =
            metered(|| unsafe { self.kept.allocator().reallocate(old.start, old.layout, new.size()) });
        match moved {
            Ok(block) => {
                let prefix = Layout::from_size_align(old.layout.size().min(new.size()), 1).unwrap_or(new);
                let filled = old.filled && self.inside(block.cast(), new.size());
                let kept = self.held(Block { start: block.cast(), layout: prefix, filled });
                self.adopt(id, block, new);
                Reply::Moved { offset: self.offset(block.cast()), len: block.len() as u64, before, kept }
            }
            Err(_) => Reply::NoMemory,
        }
    }

    fn deallocate(&mut self, id: u32) -> Reply {
        let Some(block) = self.live.get_mut(id as usize).and_then(Option::take) else { return Reply::Unfit };
        let held = self.held(block);
        // SAFETY: the block is live and was allocated for this layout.
        match metered(|| unsafe { self.kept.allocator().deallocate(block.start, block.layout) }) {
            Ok(()) => Reply::Freed { held },
            Err(refusal) => {
                self.live[id as usize] = Some(block);
                Reply::Refused(refusal.into())
            }
        }
    }

    fn deallocate_all(&mut self) -> Reply {
        let live =
            (0..).zip(&self.live).filter_map(|(id, block)| block.map(|block| (block.start.addr(), id)));
        let mut live: Vec<(_, u32)> = live.collect();
        live.sort_unstable();
        let freed = live.into_iter().map_while(|(_, id)| match self.deallocate(id) {
            Reply::Freed { held } => Some((id, held)),
            _ => None,
        });
        Reply::AllFreed(freed.collect())
    }

    fn deallocate_at(&mut self, offset: i64, size: u64, align: u64) -> Reply {
        let Some(layout) = layout(size, align) else { return Reply::Unfit };
        let start = self.base.as_ptr().wrapping_offset(offset as isize);
        let Some(start) = NonNull::new(start) else { return Reply::Unfit };
        // SAFETY: none of the caller's: this is the misuse that the exercise must tell without touching
        // memory. A wrong answer can harm this process only, which judges nothing.
        match metered(|| unsafe { self.kept.allocator().deallocate(start, layout) }) {
            Ok(()) => Reply::Freed { held: 0 },
            Err(refusal) => Reply::Refused(refusal.into()),
        }
    }

    /// Fills a block and remembers it. A block that does not lie in the region is left alone: the judge
    /// sees its offset, and writing there would only hide which mistake it was.
    fn adopt(&mut self, id: u32, block: NonNull<[u8]>, layout: Layout) {
        let start = block.cast::<u8>();
        let filled = self.inside(start, layout.size());
        if filled {
            // SAFETY: the bytes lie in the region, which is mapped and writable.
            unsafe { fill(start.as_ptr(), layout.size(), key(self.seed, id)) };
        }
        if self.live.len() <= id as usize {
            self.live.resize(id as usize + 1, None);
        }
        self.live[id as usize] = Some(Block { start, layout, filled });
    }

    /// The digest of what a block holds.
    fn held(&self, block: Block) -> u64 {
        if !block.filled {
            return 0;
        }
        // SAFETY: `filled` says that the bytes lie in the region, and all of that is initialised.
        unsafe { digest(block.start.as_ptr(), block.layout.size()) }
    }

    fn offset(&self, ptr: NonNull<u8>) -> i64 {
        ptr.addr().get().wrapping_sub(self.base.addr().get()) as i64
    }

    fn inside(&self, start: NonNull<u8>, len: usize) -> bool {
        let offset = start.addr().get().wrapping_sub(self.base.addr().get());
        offset <= self.len && len <= self.len - offset
    }
}

fn layout(size: u64, align: u64) -> Option<Layout> {
    Layout::from_size_align(usize::try_from(size).ok()?, usize::try_from(align).ok()?).ok()
}
