//! What exercise 1.2 owes on top of what every allocator does, from replies alone.
//!
//! A live object decides the class of its slab, and the class where each object of it starts. What is not known
//! from the live ones is which empty slabs the page source has: a design may keep some for their class.

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::slab::{Job, Model, Outcome};
use std::collections::BTreeSet;
use testkit::client::{Build, Client};
use testkit::heap::{Block, Command, Extent, Heap, Kind, Oracle, Program, Refusal, Replay, Reply, Story};
use testkit::trace::Trace;
use testkit::{Check, Fault, Judged};

/// Bytes of a slab, as the exercise fixes them.
pub const SLAB: u64 = 64 << 10;
/// The largest class in bytes, as the exercise fixes it.
pub const LARGEST: u64 = 8 << 10;

/// Operations in a timed batch: some microseconds.
const BATCH: u32 = 2000;

/// The allocator under judgement.
pub fn heap(check: &Check) -> Judged<Heap<'_, Request>> {
    let client = Client::new(check, &HOME, Build::Plain)?;
    Ok(Heap::new(client, "slab", |program: Program| Request::Slab(Job::Run(program))))
}

/// `commands` to be timed.
pub fn replay(check: &Check, region: u64, commands: Vec<Command>) -> Replay {
    Replay { region, seed: 0, rehearsal: check.seed(), batch: BATCH, commands }
}

/// Carries out `commands` under all laws of the slab allocator.
pub fn exactly(check: &Check, region: u64, commands: impl Into<Vec<Command>>) -> Judged<Story> {
    let heap = heap(check)?;
    let story = heap.hold(heap.program(region, commands), &exact)?;
    shrinks(&story).map_err(|why| heap.failed(&story, why))?;
    Ok(story)
}

/// The classes, smallest first: multiples of 16 up to 128, then four a doubling.
pub fn classes() -> Vec<u64> {
    let doublings =
        (7..13).flat_map(|power| (1..=4).map(move |quarter| (1 << power) + (quarter << (power - 2))));
    (1..=8).map(|count| 16 * count).chain(doublings).collect()
}

/// The class that serves a request.
pub fn class_of(size: u64, align: u64) -> Option<u64> {
    let serves = |class: &u64| size > 0 && *class >= size && class.is_multiple_of(align);
    classes().into_iter().find(serves)
}

/// The programs' part that an allocator of this exercise serves: what never grows beyond the largest class.
#[allow(dead_code, reason = "no hidden check uses a trace")]
pub fn small(trace: Trace) -> Trace {
    // For each allocation, by its place, whether it stays small until it is freed.
    let mut stays: Vec<bool> = Vec::new();
    let mut current = std::collections::HashMap::new();
    for (place, command) in trace.commands.iter().enumerate() {
        let (id, size, align) = match *command {
            Command::Allocate { id, size, align } => {
                current.insert(id, place);
                (id, size, align)
            }
            Command::Reallocate { id, size } => (id, size, 1),
            _ => {
                stays.push(true);
                continue;
            }
        };
        stays.push(true);
        if class_of(size, align).is_none()
            && let Some(place) = current.get(&id)
        {
            stays[*place] = false;
        }
    }
    let mut out = std::collections::HashSet::new();
    let mut commands = Vec::new();
    for (place, command) in trace.commands.iter().enumerate() {
        let (Command::Allocate { id, .. } | Command::Reallocate { id, .. } | Command::Deallocate { id }) =
            command
        else {
            continue;
        };
        if matches!(command, Command::Allocate { .. }) {
            match stays[place] {
                true => out.remove(id),
                false => out.insert(*id),
            };
        }
        if !out.contains(id) {
            commands.push(command.clone());
        }
    }
    let all = commands.len();
    Trace { commands, ..trace }.first(all)
}

/// A region in which no sound slab allocator runs out: rounding takes a fifth, and a slab of each class may be
/// all but empty, again and again.
pub fn room(trace: &Trace) -> u64 {
    (trace.peak * 3).next_multiple_of(SLAB) + 128 * SLAB
}

/// Everything that holds after each command.
pub fn exact(oracle: &Oracle, command: &Command, reply: &Reply) -> Result<(), String> {
    match (command, reply) {
        (
            Command::Allocate { id, .. } | Command::Reallocate { id, .. },
            Reply::Block { .. } | Reply::Moved { .. },
        ) => oracle.block(*id).map_or(Ok(()), |block| shape(oracle, block)),
        (Command::Allocate { size, align, .. }, Reply::NoMemory) => exhausted(oracle, *size, *align),
        (Command::Reallocate { id, size }, Reply::NoMemory) => {
            oracle.block(*id).map_or(Ok(()), |block| exhausted(oracle, *size, block.align))
        }
        (Command::Walk, Reply::Extents(extents)) => walked(oracle, extents),
        (Command::DeallocateAt { offset, size, align }, Reply::Refused(refusal)) => {
            let allowed = refusals(oracle, *offset, class_of(*size, *align));
            let names: Vec<String> = allowed.iter().map(|refusal| format!("{refusal:?}")).collect();
            match allowed.contains(refusal) {
                true => Ok(()),
                false => Err(format!("the free was refused as {refusal:?}; it is {}", names.join(" or "))),
            }
        }
        _ => Ok(()),
    }
}

/// An object is as long as its class, starts at a multiple of that in its slab, among objects of its class.
/// (Cheap enough for whole traces.)
pub fn shape(oracle: &Oracle, block: Block) -> Result<(), String> {
    let Block { offset, len, size, align } = block;
    let expected = class_of(size, align);
    if expected != Some(len) {
        return Err(format!(
            "the object has {len} bytes; {size} bytes aligned to {align} take {}",
            expected.map_or("more than the largest class".to_owned(), |class| format!("class {class}"))
        ));
    }
    let within = offset % SLAB;
    if !within.is_multiple_of(len) || within + len > SLAB || offset - within + SLAB > oracle.region() {
        return Err(format!(
            "the object of {len} bytes at {offset} is none of a slab's, whose objects start at multiples of their \
             size from its start"
        ));
    }
    Ok(())
}

/// The live objects of each slab.
fn by_slab(oracle: &Oracle) -> Vec<Vec<Block>> {
    let mut slabs = vec![Vec::new(); (oracle.region() / SLAB) as usize];
    for block in oracle.blocks() {
        if let Some(slab) = slabs.get_mut((block.offset / SLAB) as usize) {
            slab.push(block);
        }
    }
    slabs
}

/// A refusal is right only where nothing could serve.
fn exhausted(oracle: &Oracle, size: u64, align: u64) -> Result<(), String> {
    let Some(class) = class_of(size, align) else { return Ok(()) };
    for (slab, live) in by_slab(oracle).iter().enumerate() {
        match live.first() {
            None => return Err(format!("the request was refused, and nothing is live in slab {slab}")),
            Some(block) if block.len == class && (live.len() as u64) < SLAB / class => {
                return Err(format!(
                    "the request was refused, and slab {slab} of class {class} has a free object"
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The extents of a walk, slab by slab; the region's rest comes last.
fn slabs_of(extents: &[Extent], region: u64) -> Vec<Vec<Extent>> {
    let mut slabs = vec![Vec::new(); (region / SLAB) as usize + 1];
    for extent in extents {
        let last = slabs.len() - 1;
        slabs[((extent.offset / SLAB) as usize).min(last)].push(*extent);
    }
    slabs
}

/// Whether a slab is reported as the page source's.
fn is_whole(slab: &[Extent]) -> bool {
    matches!(slab, [Extent { len: SLAB, kind: Kind::Free, .. }])
}

/// Each slab is whole and free, or all objects of one class and a tail; used are just the live ones.
fn walked(oracle: &Oracle, extents: &[Extent]) -> Result<(), String> {
    let slabs = slabs_of(extents, oracle.region());
    let live = by_slab(oracle);
    for (number, reported) in slabs.iter().enumerate() {
        let start = number as u64 * SLAB;
        let Some(live) = live.get(number) else {
            let rest = oracle.region() % SLAB;
            let whole = Extent { offset: start, len: rest, kind: Kind::Metadata };
            return match reported.as_slice() {
                [] if rest == 0 => Ok(()),
                [extent] if *extent == whole => Ok(()),
                _ => {
                    Err(format!("the rest of {rest} bytes at {start} is not reported as one metadata extent"))
                }
            };
        };
        if live.is_empty() && is_whole(reported) {
            continue;
        }
        let class = live.first().map_or(reported.first().map_or(0, |extent| extent.len), |block| block.len);
        if !classes().contains(&class) {
            return Err(format!(
                "slab {number} is reported neither as one free extent of {SLAB} bytes nor as objects of a class"
            ));
        }
        let used: BTreeSet<u64> = live.iter().map(|block| block.offset).collect();
        let mut expected: Vec<Extent> = (0..SLAB / class)
            .map(|object| start + object * class)
            .map(|offset| {
                let kind = if used.contains(&offset) { Kind::Used } else { Kind::Free };
                Extent { offset, len: class, kind }
            })
            .collect();
        let tail = SLAB % class;
        if tail > 0 {
            expected.push(Extent { offset: start + SLAB - tail, len: tail, kind: Kind::Metadata });
        }
        if let Some((expected, reported)) = expected.iter().zip(reported).find(|(a, b)| a != b) {
            return Err(format!(
                "in slab {number} of class {class}, the walk reports {} where {} must be",
                spell(reported),
                spell(expected)
            ));
        }
        if expected.len() != reported.len() {
            return Err(format!(
                "of slab {number} of class {class} the walk reports {} extents; there are {}",
                reported.len(),
                expected.len()
            ));
        }
    }
    Ok(())
}

fn spell(extent: &Extent) -> String {
    let Extent { offset, len, kind } = extent;
    format!("a {} extent of {len} bytes at {offset}", format!("{kind:?}").to_lowercase())
}

/// Where a shrink stands between two walks: it gives back every slab without a live object that the first
/// reports as cut, says how many, and the second reports them whole.
pub fn shrinks(story: &Story) -> Result<(), String> {
    let region = story.program.region;
    let idle = |index: usize| {
        let slabs = slabs_of(story.extents(index), region);
        let idle = |slab: &&Vec<Extent>| {
            !slab.is_empty() && !is_whole(slab) && slab.iter().all(|extent| extent.kind != Kind::Used)
        };
        slabs[..slabs.len() - 1].iter().filter(idle).count() as u64
    };
    let commands = &story.program.commands;
    let walks = |index: usize| commands.get(index) == Some(&Command::Walk);
    for (index, reply) in story.replies.iter().enumerate() {
        let (Command::Shrink, Reply::Count(count)) = (&commands[index], reply) else { continue };
        if index > 0 && walks(index - 1) && idle(index - 1) != *count {
            return Err(format!(
                "Command {}: shrink says that it gave {count} slabs back; {} were cut and had nothing live.",
                index + 1,
                idle(index - 1)
            ));
        }
        if walks(index + 1) && idle(index + 1) > 0 {
            return Err(format!(
                "Command {}: after shrink, {} slabs without a live object are not the page source's.",
                index + 2,
                idle(index + 1)
            ));
        }
    }
    Ok(())
}

/// What a free of `offset` may be refused as, with a layout of class `class`.
fn refusals(oracle: &Oracle, offset: i64, class: Option<u64>) -> Vec<Refusal> {
    let Some(offset) = u64::try_from(offset).ok().filter(|offset| *offset < oracle.region()) else {
        return vec![Refusal::OutsideRegion];
    };
    let slabs = by_slab(oracle);
    let Some(live) = slabs.get((offset / SLAB) as usize) else {
        return vec![Refusal::NotABlock, Refusal::OutsideRegion];
    };
    let Some(Block { len, .. }) = live.first() else {
        return vec![Refusal::DoubleFree, Refusal::NotABlock];
    };
    let within = offset % SLAB;
    if within / len >= SLAB / len {
        return vec![Refusal::NotABlock];
    }
    match live.iter().find(|block| (block.offset..block.offset + block.len).contains(&offset)) {
        None if within.is_multiple_of(*len) => vec![Refusal::DoubleFree],
        None => vec![Refusal::DoubleFree, Refusal::NotABlock],
        Some(block) if block.offset < offset => vec![Refusal::InteriorPointer],
        Some(block) if class != Some(block.len) => vec![Refusal::LayoutMismatch],
        // The right layout at the start of a live object: no misuse, and no program of ours says it.
        Some(_) => Vec::new(),
    }
}

/// Runs a model of the remote list, and holds its outcomes against what every list can come to: each object is
/// taken once, with what was written into it, and no object before one that its thread pushed earlier.
pub fn model(check: &Check, pushers: Vec<Vec<u32>>, takes: u32) -> Judged {
    let client = Client::new(check, &HOME, Build::Loom)?;
    let model = Model { pushers, takes, seed: check.seed() };
    let answer = client.ask::<_, Vec<Outcome>>(&Request::Slab(Job::Model(model.clone())));
    let transcript = answer.map_err(|(fault, _)| fault)?;
    let [seen] = transcript.replies.as_slice() else {
        return Err(Fault::failed("The model gave no outcomes."));
    };
    let mut expected = BTreeSet::from([vec![Vec::new(); takes as usize + 1]]);
    for own in &model.pushers {
        let written = |object: u32| (object, model.written(object));
        expected = expected.iter().flat_map(|outcome| places(outcome, own, 0, &written)).collect();
    }
    for outcome in seen {
        if !expected.contains(outcome) {
            return Err(Fault::failed(format!(
                "An interleaving ended in what no list may come to: {}. Threads push {:?}; each object is to be \
                 taken once, with what was written into it before it was pushed.",
                story(outcome, &model),
                model.pushers
            )));
        }
    }
    match expected.iter().find(|outcome| !seen.contains(outcome)) {
        None => Ok(()),
        Some(missing) => Err(Fault::failed(format!(
            "No interleaving ended so, and some must: {}. Threads push {:?}.",
            story(missing, &model),
            model.pushers
        ))),
    }
}

/// The ways to put one thread's objects into takes from `from` on, in order.
fn places(outcome: &Outcome, own: &[u32], from: usize, written: &dyn Fn(u32) -> (u32, u64)) -> Vec<Outcome> {
    let Some((first, rest)) = own.split_first() else { return vec![outcome.clone()] };
    let put = |take: usize| {
        let mut outcome = outcome.clone();
        outcome[take].push(written(*first));
        outcome[take].sort_unstable();
        places(&outcome, rest, take, written)
    };
    (from..outcome.len()).flat_map(put).collect()
}

fn story(outcome: &Outcome, model: &Model) -> String {
    let take = |objects: &Vec<(u32, u64)>| {
        let object = |(object, value): &(u32, u64)| match (*object, *value) {
            (u32::MAX, count) => format!("with a count of {count}"),
            (object, value) if value == model.written(object) => object.to_string(),
            (object, _) => format!("{object} without what was written into it"),
        };
        format!("[{}]", objects.iter().map(object).collect::<Vec<_>>().join(", "))
    };
    format!("takes of {}", outcome.iter().map(take).collect::<Vec<_>>().join(", "))
}
