//! What every allocator owes, whatever its design.

use super::{Command, Extent, Kind, Program, Reply};
use driverkit::payload::{expected, key};
use std::collections::BTreeMap;

/// The largest alignment that offsets show: a region's own. Beyond it a served block can't be judged.
const REGION_ALIGN: u64 = heap_api::REGION_ALIGN as u64;
/// A page, in bytes, as the footprint counts them.
const PAGE: u64 = 4096;

/// A live block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Bytes from the region's base.
    pub offset: u64,
    /// Bytes handed out; at least what was asked for.
    pub len: u64,
    /// Bytes asked for.
    pub size: u64,
    /// The alignment asked for.
    pub align: u64,
}

/// A model of the region, kept from replies alone.
#[derive(Debug)]
pub struct Oracle {
    region: u64,
    /// What payloads come from.
    seed: u64,
    /// By id; programs number their blocks from zero.
    blocks: Vec<Option<Block>>,
    /// Blocks that were freed remotely and not yet collected.
    remote: Vec<u32>,
    /// The same blocks by where they start.
    by_offset: BTreeMap<u64, u32>,
    /// A bit a page that ever held part of a live block's requested bytes.
    pages: Vec<u64>,
    live_bytes: u64,
    peak_bytes: u64,
}

impl Oracle {
    /// A region with nothing in it.
    pub fn new(program: &Program) -> Self {
        let pages = program.region.div_ceil(PAGE).div_ceil(64);
        Self {
            region: program.region,
            seed: program.seed,
            blocks: Vec::new(),
            remote: Vec::new(),
            by_offset: BTreeMap::new(),
            pages: vec![0; pages as usize],
            live_bytes: 0,
            peak_bytes: 0,
        }
    }

    /// Whether a block's first `size` bytes gave the right digest.
    fn intact(&self, id: u32, size: u64, digest: u64) -> bool {
        digest == expected(size as usize, key(self.seed, id))
    }

    /// The region's length in bytes.
    pub const fn region(&self) -> u64 {
        self.region
    }

    /// A live block.
    pub fn block(&self, id: u32) -> Option<Block> {
        self.blocks.get(id as usize).copied().flatten()
    }

    /// The numbers of the live blocks, by address.
    pub fn ids(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_offset.values().copied()
    }

    /// The live blocks by address.
    pub fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        self.by_offset.values().filter_map(|id| self.block(*id))
    }

    /// Bytes in pages that ever held part of a live block.
    pub fn footprint(&self) -> u64 {
        self.pages.iter().map(|word| u64::from(word.count_ones())).sum::<u64>() * PAGE
    }

    /// The most bytes that were asked for and live at once.
    pub const fn peak(&self) -> u64 {
        self.peak_bytes
    }

    /// Takes in one reply.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as a sentence.
    pub fn observe(&mut self, command: &Command, reply: &Reply) -> Result<(), String> {
        match (command, reply) {
            (Command::Allocate { id, size, align }, Reply::Block { offset, len }) => {
                self.adopt(*id, *size, *align, *offset, *len)
            }
            (Command::Allocate { .. } | Command::Reallocate { .. }, Reply::NoMemory) => Ok(()),
            (Command::Reallocate { id, size }, Reply::Moved { offset, len, before, kept }) => {
                self.moved(*id, *size, (*offset, *len), (*before, *kept))
            }
            (Command::Deallocate { id }, Reply::Freed { held }) => self.freed(*id, *held),
            (Command::DeallocateAll, Reply::AllFreed(freed)) => self.all_freed(freed),
            (Command::DeallocateRemotely { id }, Reply::Freed { held }) => self.freed_remotely(*id, *held),
            (Command::Collect, Reply::Count(count)) => self.collected(*count),
            (Command::Shrink, Reply::Count(_)) => Ok(()),
            (Command::Deallocate { id }, Reply::Refused(why)) => match self.block(*id) {
                Some(_) => Err(format!("block {id} is live, and its free was refused ({why:?})")),
                None => Ok(()),
            },
            (Command::DeallocateAt { offset, .. }, Reply::Freed { .. }) => Err(format!(
                "there is nothing to free at offset {offset}, and the allocator said that it did"
            )),
            (Command::DeallocateAt { .. }, Reply::Refused(_)) | (Command::Metadata, Reply::Metadata(_)) => {
                Ok(())
            }
            (Command::Walk, Reply::Extents(extents)) => self.walked(extents),
            (
                Command::Deallocate { id }
                | Command::DeallocateRemotely { id }
                | Command::Reallocate { id, .. },
                Reply::Unfit,
            ) => match self.block(*id) {
                Some(_) => Err(format!("block {id} is live, and the driver does not know it")),
                None => Ok(()),
            },
            (_, reply) => Err(format!("the reply does not answer the command: {reply:?}")),
        }
    }

    fn adopt(&mut self, id: u32, size: u64, align: u64, offset: i64, len: u64) -> Result<(), String> {
        if size == 0 {
            return Err("size zero was served; the raw traits answer it with an error".to_owned());
        }
        let placed = self.placed(size, align, offset, len)?;
        self.insert(id, placed);
        Ok(())
    }

    /// Whether a block may lie there, beside what is live.
    fn placed(&self, size: u64, align: u64, offset: i64, len: u64) -> Result<Block, String> {
        let inside = u64::try_from(offset)
            .ok()
            .filter(|offset| offset.checked_add(len).is_some_and(|end| end <= self.region));
        let Some(offset) = inside else {
            return Err(format!(
                "the block at offset {offset} with {len} bytes does not lie in the region of {} bytes",
                self.region
            ));
        };
        if len < size {
            return Err(format!("{size} bytes were asked for, and the block has {len}"));
        }
        if offset % align.min(REGION_ALIGN) != 0 {
            return Err(format!("offset {offset} is not aligned to {align}"));
        }
        let before = self.by_offset.range(..offset + len).next_back();
        if let Some(other) = before.and_then(|(_, id)| self.block(*id).map(|block| (*id, block)))
            && other.1.offset + other.1.len > offset
        {
            let (id, Block { offset: start, len: other, .. }) = other;
            return Err(format!(
                "the block at {offset}..{} overlaps block {id} at {start}..{}, which is live",
                offset + len,
                start + other
            ));
        }
        Ok(Block { offset, len, size, align })
    }

    fn insert(&mut self, id: u32, block: Block) {
        if self.blocks.len() <= id as usize {
            self.blocks.resize(id as usize + 1, None);
        }
        self.blocks[id as usize] = Some(block);
        self.by_offset.insert(block.offset, id);
        for page in block.offset / PAGE..=(block.offset + block.size - 1) / PAGE {
            self.pages[(page / 64) as usize] |= 1 << (page % 64);
        }
        self.live_bytes += block.size;
        self.peak_bytes = self.peak_bytes.max(self.live_bytes);
    }

    fn remove(&mut self, id: u32) -> Option<Block> {
        let block = self.blocks.get_mut(id as usize)?.take()?;
        self.by_offset.remove(&block.offset);
        self.live_bytes -= block.size;
        Some(block)
    }

    fn moved(&mut self, id: u32, size: u64, to: (i64, u64), held: (u64, u64)) -> Result<(), String> {
        let Some(old) = self.remove(id) else {
            return Err(format!("block {id} was moved, and it is not live"));
        };
        if size == 0 {
            return Err("a block was moved to size zero; the raw traits answer it with an error".to_owned());
        }
        if !self.intact(id, old.size, held.0) {
            return Err(self.scribbled(id, old));
        }
        if !self.intact(id, old.size.min(size), held.1) {
            let kept = old.size.min(size);
            return Err(format!("the first {kept} bytes of block {id} did not come along when it moved"));
        }
        let placed = self.placed(size, old.align, to.0, to.1)?;
        self.insert(id, placed);
        Ok(())
    }

    fn freed(&mut self, id: u32, held: u64) -> Result<(), String> {
        let Some(block) = self.remove(id) else {
            return Err(format!("block {id} was freed, and it is not live"));
        };
        if !self.intact(id, block.size, held) {
            return Err(self.scribbled(id, block));
        }
        Ok(())
    }

    /// What is to be collected stays.
    fn all_freed(&mut self, freed: &[(u32, u64)]) -> Result<(), String> {
        for (id, held) in freed {
            self.freed(*id, *held)?;
        }
        match self.ids().find(|id| !self.remote.contains(id)) {
            Some(id) => Err(format!("block {id} is live, and its free was refused")),
            None => Ok(()),
        }
    }

    /// The block keeps its place until it is collected.
    fn freed_remotely(&mut self, id: u32, held: u64) -> Result<(), String> {
        let Some(block) = self.block(id) else {
            return Err(format!("block {id} was freed, and it is not live"));
        };
        if !self.intact(id, block.size, held) {
            return Err(self.scribbled(id, block));
        }
        self.remote.push(id);
        Ok(())
    }

    fn collected(&mut self, count: u64) -> Result<(), String> {
        let remote = std::mem::take(&mut self.remote);
        for id in &remote {
            self.remove(*id);
        }
        match count == remote.len() as u64 {
            true => Ok(()),
            false => Err(format!(
                "{} blocks had been freed remotely, and the allocator said that it took in {count}",
                remote.len()
            )),
        }
    }

    fn scribbled(&self, id: u32, block: Block) -> String {
        format!(
            "block {id} at {}..{} no longer holds what was written into it: the allocator wrote into a live \
             block",
            block.offset,
            block.offset + block.len
        )
    }

    /// A walk covers the region in address order, without gap or overlap, and its used extents are the
    /// live blocks: all of them, and nothing else.
    fn walked(&self, extents: &[Extent]) -> Result<(), String> {
        let mut end = 0;
        for extent in extents {
            if extent.len == 0 || extent.offset != end {
                return Err(format!(
                    "the walk reports {:?} at {} with {} bytes where {end} comes next: extents go in address \
                     order, without gap or overlap",
                    extent.kind, extent.offset, extent.len
                ));
            }
            end = extent.offset.saturating_add(extent.len);
        }
        if end != self.region {
            return Err(format!("the walk ends at {end}, and the region has {} bytes", self.region));
        }
        let mut used = extents.iter().filter(|extent| extent.kind == Kind::Used);
        let mut blocks = self.blocks();
        loop {
            match (used.next(), blocks.next()) {
                (None, None) => return Ok(()),
                (Some(extent), Some(block)) if extent.offset == block.offset && extent.len >= block.len => {}
                (Some(extent), Some(block)) if extent.offset <= block.offset => {
                    return Err(format!(
                        "the walk reports a used extent at {} with {} bytes, and the next live block is at {} \
                         with {}",
                        extent.offset, extent.len, block.offset, block.len
                    ));
                }
                (Some(extent), None) => {
                    return Err(format!(
                        "the walk reports a used extent at {}, and nothing is live there",
                        extent.offset
                    ));
                }
                (_, Some(block)) => {
                    return Err(format!(
                        "the walk does not report the live block at {} as used",
                        block.offset
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::{allocate, deallocate, reallocate, walk};

    fn oracle() -> Oracle {
        Oracle::new(&Program { region: 1024, seed: 1, commands: Vec::new() })
    }

    fn block(offset: i64, len: u64) -> Reply {
        Reply::Block { offset, len }
    }

    fn held(id: u32, size: usize) -> u64 {
        expected(size, key(1, id))
    }

    #[test]
    fn a_sound_life_of_a_block_is_accepted_and_counted() {
        let mut oracle = oracle();
        let moved = Reply::Moved { offset: 512, len: 64, before: held(0, 24), kept: held(0, 24) };
        assert_eq!(oracle.observe(&allocate(0, 24, 8), &block(32, 32)), Ok(()));
        assert_eq!(oracle.observe(&reallocate(0, 40), &moved), Ok(()));
        assert_eq!(oracle.observe(&deallocate(0), &Reply::Freed { held: held(0, 40) }), Ok(()));
        assert_eq!((oracle.peak(), oracle.footprint()), (40, 4096));
    }

    #[test]
    fn every_broken_promise_is_told() {
        let refused = |commands: &[(Command, Reply)], expected: &str| {
            let mut oracle = oracle();
            let (last, before) = commands.split_last().expect("a command");
            for (command, reply) in before {
                assert_eq!(oracle.observe(command, reply), Ok(()));
            }
            let why = oracle.observe(&last.0, &last.1).expect_err(expected);
            assert!(why.contains(expected), "`{why}` does not say `{expected}`");
        };
        refused(&[(allocate(0, 0, 1), block(0, 16))], "size zero was served");
        refused(&[(allocate(0, 24, 8), block(0, 16))], "the block has 16");
        refused(&[(allocate(0, 24, 64), block(32, 32))], "not aligned");
        refused(&[(allocate(0, 24, 8), block(1008, 32))], "does not lie in the region");
        refused(&[(allocate(0, 24, 8), block(-32, 32))], "does not lie in the region");
        refused(
            &[(allocate(0, 32, 1), block(0, 32)), (allocate(1, 8, 1), block(16, 16))],
            "overlaps block 0",
        );
        refused(
            &[(allocate(0, 8, 1), block(16, 16)), (allocate(1, 32, 1), block(0, 32))],
            "overlaps block 0",
        );
        refused(
            &[(allocate(0, 8, 1), block(0, 16)), (deallocate(0), Reply::Freed { held: 1 })],
            "no longer holds",
        );
        refused(&[(allocate(0, 8, 1), block(0, 16)), (deallocate(0), Reply::Unfit)], "does not know it");
        let two = [(allocate(0, 8, 1), block(0, 16)), (allocate(1, 8, 1), block(16, 16))];
        for (freed, expected) in [
            (vec![(0, held(0, 8))], "block 1 is live, and its free was refused"),
            (vec![(0, held(0, 8)), (1, 7)], "block 1 at 16..32 no longer holds"),
            (vec![(0, held(0, 8)), (0, held(0, 8))], "block 0 was freed, and it is not live"),
        ] {
            refused(&[&two[..], &[(Command::DeallocateAll, Reply::AllFreed(freed))]].concat(), expected);
        }
        refused(&[(allocate(0, 8, 1), Reply::Metadata(1))], "does not answer");
        let kept = Reply::Moved { offset: 64, len: 64, before: held(0, 8), kept: 0 };
        refused(&[(allocate(0, 8, 1), block(0, 16)), (reallocate(0, 64), kept)], "did not come along");
    }

    #[test]
    fn a_walk_tiles_the_region_and_reports_what_is_live() {
        let extent = |offset, len, kind| Extent { offset, len, kind };
        let walked = |extents: Vec<Extent>| {
            let mut oracle = oracle();
            oracle.observe(&allocate(0, 24, 8), &block(0, 32)).expect("sound");
            oracle.observe(&walk(), &Reply::Extents(extents)).is_ok()
        };
        let (free, used) = (Kind::Free, Kind::Used);
        assert!(walked(vec![extent(0, 32, used), extent(32, 992, free)]));
        assert!(!walked(vec![extent(0, 32, free), extent(32, 992, free)]));
        assert!(!walked(vec![extent(0, 32, used), extent(64, 960, free)]));
        assert!(!walked(vec![extent(0, 32, used)]));
        assert!(!walked(vec![extent(0, 16, used), extent(16, 1008, free)]));
        assert!(!walked(vec![extent(0, 32, used), extent(32, 32, used), extent(64, 960, free)]));
    }
}
