//! What exercise 1.1 owes on top of what every allocator does, from replies alone.
//!
//! The blocks that are live decide where the free ones are: the largest aligned ranges without a live
//! byte, up to the top order. So whether a request can be served, and what a walk must say, is known
//! exactly, whichever block a design prefers.

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::heap::Job;
use testkit::client::{Build, Client};
use testkit::heap::{Block, Command, Extent, Heap, Kind, Oracle, Program, Refusal, Replay, Reply};
use testkit::{Check, Judged};

/// The smallest block in bytes, as the exercise fixes it.
pub const MIN: u64 = 16;
/// The largest block in bytes, as the exercise fixes it.
pub const MAX: u64 = MIN << 17;

/// Operations in a timed batch: some microseconds.
const BATCH: u32 = 2000;

/// The allocator under judgement.
pub fn heap(check: &Check) -> Judged<Heap<'_, Request>> {
    let client = Client::new(check, &HOME, Build::Plain)?;
    Ok(Heap::new(client, "buddy", |program: Program| Request::Buddy(Job::Run(program))))
}

/// `commands` to be timed.
pub fn replay(check: &Check, region: u64, commands: Vec<Command>) -> Replay {
    Replay { region, seed: 0, rehearsal: check.seed(), batch: BATCH, commands }
}

/// Carries out `commands` under all laws of the buddy system.
pub fn exactly(check: &Check, region: u64, commands: impl Into<Vec<Command>>) -> Judged {
    let heap = heap(check)?;
    heap.hold(heap.program(region, commands), &exact).map(drop)
}

/// The length of the block that a request must get, or `None` where none is long enough.
pub fn block_len(size: u64, align: u64) -> Option<u64> {
    let len = size.max(align).max(MIN).checked_next_power_of_two()?;
    (size > 0 && len <= MAX).then_some(len)
}

/// The walk that a region must give whose live blocks are `live`, in address order.
pub fn tiling(region: u64, live: &[Block]) -> Vec<Extent> {
    let mut extents = Vec::new();
    let usable = region - region % MIN;
    let mut offset = 0;
    while offset < usable {
        tile(offset, MAX, usable, live, &mut extents);
        offset += MAX;
    }
    if usable < region {
        extents.push(Extent { offset: usable, len: region - usable, kind: Kind::Metadata });
    }
    extents
}

/// The tiles of one aligned range, cut in halves until each is live, free, or beyond the end.
fn tile(offset: u64, len: u64, usable: u64, live: &[Block], extents: &mut Vec<Extent>) {
    let first = live.partition_point(|block| block.offset + block.len <= offset);
    let touched = live.get(first).filter(|block| block.offset < offset + len);
    match touched {
        _ if offset >= usable => {}
        Some(block) if block.offset <= offset && block.len >= len => {
            extents.push(Extent { offset, len, kind: Kind::Used });
        }
        None if offset + len <= usable => extents.push(Extent { offset, len, kind: Kind::Free }),
        // Blocks that are no such tiles are told of elsewhere; here they must only not recurse for ever.
        _ if len <= MIN => extents.push(Extent { offset, len, kind: Kind::Used }),
        _ => {
            tile(offset, len / 2, usable, live, extents);
            tile(offset + len / 2, len / 2, usable, live, extents);
        }
    }
}

/// The shape of a block: a power of two, aligned to itself, no larger than needed.
pub fn shape(oracle: &Oracle, command: &Command, reply: &Reply) -> Result<(), String> {
    let (Command::Allocate { id, .. } | Command::Reallocate { id, .. }) = command else { return Ok(()) };
    let (Reply::Block { .. } | Reply::Moved { .. }, Some(block)) = (reply, oracle.block(*id)) else {
        return Ok(());
    };
    let expected = block_len(block.size, block.align);
    if expected != Some(block.len) {
        return Err(format!(
            "the block has {} bytes; {} bytes aligned to {} take {}",
            block.len,
            block.size,
            block.align,
            expected.map_or("more than the largest block".to_owned(), |len| format!("a block of {len}"))
        ));
    }
    if !block.offset.is_multiple_of(block.len) {
        return Err(format!(
            "the block of {} bytes at {} is not aligned to its size",
            block.len, block.offset
        ));
    }
    Ok(())
}

/// Everything: [`shape`], a request is served from the smallest free block that holds it and refused only
/// if there is none, a walk is exactly the tiling, and a wrong free is told as what it is.
pub fn exact(oracle: &Oracle, command: &Command, reply: &Reply) -> Result<(), String> {
    shape(oracle, command, reply)?;
    let live = || oracle.blocks().collect::<Vec<_>>();
    match (command, reply) {
        (Command::Allocate { size, align, .. }, Reply::NoMemory) => {
            let free = largest_free(oracle.region(), &live());
            match block_len(*size, *align) {
                Some(len) if len <= free => {
                    Err(format!("the request was refused, and a free block of {free} bytes holds its {len}"))
                }
                _ => Ok(()),
            }
        }
        (Command::Allocate { id, .. }, Reply::Block { .. }) => smallest(oracle, *id, &live()),
        (Command::Walk, Reply::Extents(extents)) => same(&tiling(oracle.region(), &live()), extents),
        (Command::DeallocateAt { offset, size, align }, Reply::Refused(refusal)) => {
            let allowed = refusals(oracle.region(), &live(), *offset, block_len(*size, *align));
            match allowed.contains(refusal) {
                true => Ok(()),
                false => Err(format!("the free was refused as {refusal:?}; it is {}", either(&allowed))),
            }
        }
        _ => Ok(()),
    }
}

/// A block is cut from the smallest free block that holds it: larger ones stay whole for larger requests.
fn smallest(oracle: &Oracle, id: u32, live: &[Block]) -> Result<(), String> {
    let Some(block) = oracle.block(id) else { return Ok(()) };
    let before: Vec<Block> = live.iter().filter(|other| **other != block).copied().collect();
    let free: Vec<Extent> = tiling(oracle.region(), &before)
        .into_iter()
        .filter(|extent| extent.kind == Kind::Free && extent.len >= block.len)
        .collect();
    let cut = free.iter().find(|extent| (extent.offset..extent.offset + extent.len).contains(&block.offset));
    match (cut, free.iter().map(|extent| extent.len).min()) {
        (Some(cut), Some(least)) if cut.len > least => Err(format!(
            "the block of {} bytes was cut from a free block of {}, and there was one of {least}",
            block.len, cut.len
        )),
        _ => Ok(()),
    }
}

/// The largest free block in bytes.
pub fn largest_free(region: u64, live: &[Block]) -> u64 {
    let free = tiling(region, live).into_iter().filter(|extent| extent.kind == Kind::Free);
    free.map(|extent| extent.len).max().unwrap_or(0)
}

fn same(expected: &[Extent], reported: &[Extent]) -> Result<(), String> {
    match expected.iter().zip(reported).find(|(expected, reported)| expected != reported) {
        None if expected.len() == reported.len() => Ok(()),
        Some((expected, reported)) => Err(format!(
            "the walk reports {} where {} must be: free blocks are the largest aligned ranges that hold \
             nothing live",
            spell(reported),
            spell(expected)
        )),
        None => Err(format!("the walk reports {} extents; there are {}", reported.len(), expected.len())),
    }
}

fn spell(extent: &Extent) -> String {
    let Extent { offset, len, kind } = extent;
    format!("a {} extent of {len} bytes at {offset}", format!("{kind:?}").to_lowercase())
}

/// What a free of `offset` may be refused as, with a layout whose block has `len` bytes.
fn refusals(region: u64, live: &[Block], offset: i64, len: Option<u64>) -> Vec<Refusal> {
    let Some(offset) = u64::try_from(offset).ok().filter(|offset| *offset < region) else {
        return vec![Refusal::OutsideRegion];
    };
    let extents = tiling(region, live);
    let Some(extent) = extents.iter().rev().find(|extent| extent.offset <= offset) else {
        return vec![Refusal::OutsideRegion];
    };
    match extent.kind {
        Kind::Metadata => vec![Refusal::NotABlock, Refusal::OutsideRegion],
        Kind::Free if extent.offset == offset => vec![Refusal::DoubleFree],
        Kind::Free => vec![Refusal::DoubleFree, Refusal::NotABlock],
        Kind::Used if extent.offset < offset => vec![Refusal::InteriorPointer],
        Kind::Used if len != Some(extent.len) => vec![Refusal::LayoutMismatch],
        // The right layout at the start of a live block: no misuse, and no program of ours says it.
        Kind::Used => Vec::new(),
    }
}

fn either(refusals: &[Refusal]) -> String {
    let names: Vec<String> = refusals.iter().map(|refusal| format!("{refusal:?}")).collect();
    names.join(" or ")
}
