//! What exercise 1.4 owes, from replies alone.
//!
//! [`model`] computes a scripted run exactly; [`chances`] finds where a fault of the driver's must have
//! struck, by replaying the student's own workload; here is what asks.

#[path = "comparison/chances.rs"]
pub mod chances;
#[path = "comparison/model.rs"]
pub mod model;
#[path = "comparison/scripts.rs"]
pub mod scripts;

use crate::home::HOME;
use crate::protocol::Request;
use crate::protocol::comparison::{
    Act, Fault, FaultKind, Job, Op, Order, Paired, Peer, Ran, Script, Scripted, Subject,
};
use driverkit::prng::SplitMix64;
use serde::de::DeserializeOwned;
use testkit::client::{Build, Client};
use testkit::{Check, Judged};

/// Asks, and gives the replies.
pub fn ask<R: DeserializeOwned>(client: &Client<'_>, job: Job) -> Judged<Vec<R>> {
    let answer = client.ask::<_, R>(&Request::Comparison(job));
    answer.map(|transcript| transcript.replies).map_err(|(fault, _)| fault)
}

/// Asks for one reply.
pub fn ask_one<R: DeserializeOwned>(client: &Client<'_>, job: Job) -> Judged<R> {
    let reply = ask(client, job)?.pop();
    reply.ok_or_else(|| testkit::Fault::failed("The driver gave no reply."))
}

/// A line to the driver.
pub fn client(check: &Check) -> Judged<Client<'_>> {
    Client::new(check, &HOME, Build::Plain)
}

/// Runs a script and holds what comes back against the model.
pub fn exactly(client: &Client<'_>, script: &Script) -> Judged {
    let seen: Scripted = ask_one(client, Job::Run(script.clone()))?;
    let Some(why) = model::expected(script).differs(&seen) else { return Ok(()) };
    let shown = format!("{why}\n\n{}", spell(script));
    Err(testkit::Fault::failed(shown))
}

/// A script for reading.
fn spell(script: &Script) -> String {
    let ops: Vec<String> =
        script.ops.iter().enumerate().map(|(at, op)| format!("  {at:>3}  {op:?}")).collect();
    let acts: Vec<String> = script.acts.iter().take(40).map(|act| format!("  {act:?}")).collect();
    format!(
        "operations (number, size, alignment):\n{}\nwhat the subject does at each call (its memory is {} bytes; \
         block: offset and length; honest: copies or zeroes as it must; pokes: bytes it changes):\n{}",
        ops.iter().take(40).cloned().collect::<Vec<_>>().join("\n"),
        script.memory,
        acts.join("\n")
    )
}

/// A script of operations with their acts; an operation that makes no call has none.
pub fn script<const N: usize>(steps: [(Op, Option<Act>); N]) -> Script {
    let (ops, acts): (Vec<Op>, Vec<Option<Act>>) = steps.into_iter().unzip();
    let acts = acts.into_iter().flatten().collect();
    Script { memory: 1 << 16, ops, acts, ticks: vec![3, 10, 1000, 7] }
}

/// The subject hands out `len` bytes at `offset`, and copies or zeroes as it must.
pub fn hands_out(offset: u64, len: u64) -> Option<Act> {
    Some(Act { block: Some((offset, len)), honest: true, pokes: Vec::new() })
}

/// The subject takes the block back.
pub fn takes() -> Option<Act> {
    hands_out(0, 0)
}

/// The subject refuses.
pub fn refuses() -> Option<Act> {
    Some(Act::default())
}

/// The same, and the byte at `offset` is another one then.
pub fn poking(act: Option<Act>, offset: u64) -> Option<Act> {
    act.map(|act| Act { pokes: vec![(offset, 0x10)], ..act })
}

/// The same, without the copying or zeroing.
pub fn dishonest(act: Option<Act>) -> Option<Act> {
    act.map(|act| Act { honest: false, ..act })
}

/// The student's workload, if it is well formed.
pub fn workload(client: &Client<'_>, order: Order) -> Judged<Vec<Op>> {
    let ops: Vec<Op> = ask_one(client, Job::Workload(order))?;
    match chances::well_formed(&ops, order) {
        Ok(()) => Ok(ops),
        Err(why) => Err(testkit::Fault::failed(format!(
            "workload({:#x}, {}, {}) is not well formed: {why}.",
            order.seed, order.ops, order.budget
        ))),
    }
}

/// Pairs under a scripted clock.
pub fn pairs(client: &Client<'_>, ticks: &[u64], warm_up: u32, pairs: u32, seed: u64) -> Judged<Paired> {
    ask_one(client, Job::Paired { ticks: ticks.to_vec(), warm_up, pairs, seed })
}

/// For each pair whether A came first, after a look at every event and every ratio.
pub fn orders(seen: &Paired, ticks: &[u64], warm_up: u32, pairs: u32) -> Judged<Vec<bool>> {
    use crate::protocol::comparison::Event::{A, B, Clock};
    let failed = |why: String| Err(testkit::Fault::failed(why));
    let (before, counted) = seen.events.split_at(seen.events.len().min(2 * warm_up as usize));
    let sound = |pair: &[_]| pair == [A, B] || pair == [B, A];
    if let Some(at) = before.chunks(2).position(|pair| !sound(pair)) {
        return failed(format!(
            "Warm-up pair {at} ran {:?}; each is A and B in some order, and reads no clock.",
            &before[2 * at..(2 * at + 2).min(before.len())]
        ));
    }
    let mut firsts = Vec::new();
    for (at, pair) in counted.chunks(6).enumerate() {
        match pair {
            [Clock, A, Clock, Clock, B, Clock] => firsts.push(true),
            [Clock, B, Clock, Clock, A, Clock] => firsts.push(false),
            _ => {
                return failed(format!(
                    "Pair {at} went {pair:?}; the clock is read just before and just after each body, and both \
                     bodies run once."
                ));
            }
        }
    }
    if (firsts.len(), seen.ratios.len()) != (pairs as usize, pairs as usize) {
        return failed(format!(
            "{pairs} pairs were asked for; {} ran and {} ratios came back.",
            firsts.len(),
            seen.ratios.len()
        ));
    }
    for (at, (first, ratio)) in firsts.iter().zip(&seen.ratios).enumerate() {
        // From the first reading of a body to its second the clock goes on by the second one's tick.
        let tick = |reading: usize| ticks[(4 * at + reading) % ticks.len()].max(1) as f64;
        let (one, two) = (tick(1), tick(3));
        let expected = if *first { two / one } else { one / two };
        // NaN is close to nothing.
        let close = (ratio - expected).abs() <= 1e-12 * expected;
        if !close {
            return failed(format!(
                "Pair {at} ran {} first; the bodies took {one} and {two} ns. Its ratio came out as {ratio}; b's \
                 time over a's is {expected}.",
                if *first { "A" } else { "B" }
            ));
        }
    }
    Ok(firsts)
}

/// Chances that a workload of two thousand operations gives each fault; two of them everything freed.
pub const CHANCES: usize = 8;
/// See [`CHANCES`].
pub const ROUNDS: usize = 2;

/// Runs the student's workload on each kind of fault, over a peer and at a chance that the seed draws, and
/// holds what was told against what the workload itself says.
pub fn exposes(check: &Check, order: Order, kinds: &[FaultKind]) -> Judged {
    let client = client(check)?;
    let mut prng = SplitMix64::new(check.seed() ^ order.seed);
    let ops = workload(&client, order)?;
    let mut kinds = kinds.to_vec();
    prng.shuffle(&mut kinds);
    let mut subjects = Vec::new();
    for kind in kinds {
        let needed = if kind == FaultKind::RefusesAfterFreeAll { ROUNDS } else { CHANCES };
        // Below 2^63, so that it is the same number in a 64-bit driver's arithmetic and here.
        let fault = Fault { kind, chance: prng.below(needed as u64) as u32, seed: prng.next() >> 1 };
        let chances = chances::chances(&ops, kind, fault.seed, order.budget);
        if chances.len() < needed {
            return Err(testkit::Fault::failed(format!(
                "The workload gives {kind:?} {} chances, and {needed} are asked for. ({})",
                chances.len(),
                describe(kind)
            )));
        }
        let chance = chances.into_iter().nth(fault.chance as usize);
        let subject =
            Subject { peer: PEERS[prng.below(4) as usize], fault: Some(fault), tick: prng.below(90) };
        subjects.push((subject, chance));
    }
    let asked = subjects.iter().map(|(subject, _)| *subject).collect();
    let seen: Vec<Ran> = ask(&client, Job::Expose { order, subjects: asked })?;
    if seen.len() != subjects.len() {
        return Err(testkit::Fault::failed(format!(
            "{} runs were asked for, {} came back.",
            subjects.len(),
            seen.len()
        )));
    }
    for ((subject, chance), ran) in subjects.iter().zip(&seen) {
        let (Some(fault), Some(chance)) = (subject.fault, chance) else { continue };
        let sound = ran
            .defect
            .is_some_and(|(at, defect)| defect == chance.defect && (chance.at.0..=chance.at.1).contains(&at));
        if !sound {
            let (first, last) = chance.at;
            let when = if first == last { format!("{first}") } else { format!("{first} to {last}") };
            return Err(testkit::Fault::failed(format!(
                "Over {:?}, an allocator with this fault: {} Your workload({:#x}, {}, {}) under your run told {:?}; \
                 expected {:?} at operation {when}.",
                subject.peer,
                describe(fault.kind),
                order.seed,
                order.ops,
                order.budget,
                ran.defect,
                chance.defect
            )));
        }
    }
    Ok(())
}

/// Runs the student's workload on the four sound peers.
pub fn accuses_nobody(check: &Check, order: Order) -> Judged {
    let client = client(check)?;
    let mut prng = SplitMix64::new(check.seed());
    let ops = workload(&client, order)?;
    let mut peers = PEERS;
    prng.shuffle(&mut peers);
    let subjects: Vec<Subject> =
        peers.into_iter().map(|peer| Subject { peer, fault: None, tick: prng.below(1000) }).collect();
    let seen: Vec<Ran> = ask(&client, Job::Expose { order, subjects: subjects.clone() })?;
    for (at, subject) in subjects.iter().enumerate() {
        let expected = chances::sound(&ops, subject.tick);
        if seen.get(at) != Some(&expected) {
            return Err(testkit::Fault::failed(format!(
                "Over {:?}, which is sound, run told {:?}; expected {expected:?}.",
                subject.peer,
                seen.get(at)
            )));
        }
    }
    Ok(())
}

const PEERS: [Peer; 4] = [Peer::Buddy, Peer::List, Peer::Rlsf, Peer::Talc];

fn describe(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::HandsOutTwice => {
            "an allocation gets the place of a live block. A chance: a block is live that is as large and as aligned."
        }
        FaultKind::HandsOutTwiceLate => {
            "as before, but only after 1000 calls. A chance: a block is live that is as large and as aligned."
        }
        FaultKind::Misaligns => "a block is half its alignment off. A chance: an alignment of 64 or more.",
        FaultKind::CutsShort => "a block is a byte short. A chance: a size of 2 or more.",
        FaultKind::LeavesDirty => {
            "a byte of a zeroed block is not zero. A chance: a block as large was given back before."
        }
        FaultKind::LosesOnGrowth => "a byte is lost on growth. A chance: growth to less than double.",
        FaultKind::ForgetsOnGrowth => "all is lost on growth. A chance: growth to double or more.",
        FaultKind::LosesOnShrink => "the last byte kept is lost on shrinking. A chance: a block shrinks.",
        FaultKind::CorruptsNeighbour => {
            "a free changes a byte of another live block. A chance: a free while another block is live."
        }
        FaultKind::WritesLink => {
            "an allocation writes a link into the block that was handed out last. A chance: that is live and has \
             8 bytes."
        }
        FaultKind::RefusesFree => "a free is refused. A chance: any free.",
        FaultKind::RefusesAfterFreeAll => {
            "every request is refused from then on. A chance: everything is freed after half the budget was live \
             at once, and the next requests ask for no more than was served before."
        }
    }
}
