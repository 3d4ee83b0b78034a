//! Carries out a program on a pool, one reply a command.

use super::value::{Empty, Filled, Line, Value, drops, open};
use crate::protocol::pool::{Command, Kind, Program, Reply, Which};
use driverkit::Replies;
use ps1_allocators::pool::{Full, Key, Pool, PoolBox, SharedPool};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

/// Carries out a program.
pub fn carry_out(program: &Program, replies: &mut Replies) {
    replies.expect(program.commands.len());
    open(program.seed);
    // The payloads' lengths stand in the protocol too.
    match program.kind {
        Kind::Plain => of::<Filled<{ Kind::Plain.len() }, u64>>(program, replies),
        Kind::Aligned => of::<Filled<{ Kind::Aligned.len() }, Line>>(program, replies),
        Kind::Large => of::<Filled<{ Kind::Large.len() }, u64>>(program, replies),
        Kind::Empty => of::<Empty>(program, replies),
    }
}

fn of<V: Value>(program: &Program, replies: &mut Replies) {
    let mut commands = program.commands.iter();
    // Each life of the pool ends with a command to renew it; the last one may end with the program.
    let life = |commands: &mut _, replies: &mut _| match program.which {
        Which::Keyed => keyed::<V>(program.capacity, commands, replies),
        Which::Shared => shared::<V>(program.capacity, commands, replies),
    };
    while life(&mut commands, replies) {
        replies.send(&Reply::Renewed);
    }
}

type Commands<'p> = std::slice::Iter<'p, Command>;

/// One life of a `Pool`; true if it ends with a command to renew it.
fn keyed<V: Value>(capacity: u32, commands: &mut Commands<'_>, replies: &mut Replies) -> bool {
    let mut pool = Pool::<V>::new(capacity);
    let mut keys = BTreeMap::<u32, Key>::new();
    for command in commands {
        let key = |id: &u32| keys.get(id).copied();
        let reply = match command {
            Command::Insert { id } => match pool.insert(V::new(*id)) {
                Ok(key) => {
                    keys.insert(*id, key);
                    Some(Reply::Inserted { index: key.index, generation: key.generation.get() })
                }
                Err(Full(value)) => Some(Reply::Full(value.held())),
            },
            Command::Take { id } => key(id).map(|key| taken(pool.remove(key))),
            Command::Drop { id } => key(id).map(|key| match pool.remove(key) {
                Some(value) => {
                    drop(value);
                    Reply::Dropped
                }
                None => Reply::Nothing,
            }),
            Command::Get { id } => key(id).map(|key| seen(pool.get(key))),
            Command::Change { id, to } => key(id).map(|key| match pool.get_mut(key) {
                Some(place) => change(place, *to),
                None => Reply::Nothing,
            }),
            Command::Forge { id, index, generation, remove } => key(id).map(|key| {
                let index = key.index.wrapping_add(*index);
                let generation = NonZeroU32::new(key.generation.get().wrapping_add(*generation));
                let key = generation.map(|generation| Key { index, generation });
                match key {
                    Some(key) if *remove => taken(pool.remove(key)),
                    Some(key) => seen(pool.get(key)),
                    // No such key can be made.
                    None => Reply::Nothing,
                }
            }),
            Command::Sweep => {
                // By the given ways too, `contains` and the index.
                let seen = keys.iter().map(|(id, key)| (*id, pool.contains(*key).then(|| pool[*key].held())));
                let (drops, strays) = drops();
                Some(Reply::All {
                    len: pool.len() as u64,
                    capacity: pool.capacity() as u64,
                    is_empty: pool.is_empty(),
                    seen: seen.collect(),
                    drops,
                    strays,
                })
            }
            Command::Renew => return true,
        };
        replies.send(&reply.unwrap_or(Reply::Unfit));
    }
    false
}

/// One life of a `SharedPool`; true if it ends with a command to renew it.
fn shared<V: Value>(capacity: u32, commands: &mut Commands<'_>, replies: &mut Replies) -> bool {
    let pool = SharedPool::<V>::new(capacity);
    let mut boxes = BTreeMap::<u32, PoolBox<'_, V>>::new();
    let (mut given, mut places) = (BTreeSet::new(), Vec::new());
    for command in commands {
        let reply = match command {
            Command::Insert { id } => match pool.insert(V::new(*id)) {
                Ok(boxed) => {
                    let index = place(&mut places, (&raw const *boxed).addr());
                    given.insert(*id);
                    boxes.insert(*id, boxed);
                    Some(Reply::Inserted { index, generation: 0 })
                }
                Err(Full(value)) => Some(Reply::Full(value.held())),
            },
            Command::Take { id } => boxes.remove(id).map(|boxed| taken(Some(PoolBox::take(boxed)))),
            Command::Drop { id } => boxes.remove(id).map(|boxed| {
                drop(boxed);
                Reply::Dropped
            }),
            Command::Get { id } => boxes.get(id).map(|boxed| Reply::Seen(boxed.held())),
            Command::Change { id, to } => boxes.get_mut(id).map(|boxed| change(&mut **boxed, *to)),
            Command::Forge { .. } => None,
            Command::Sweep => {
                let seen = given.iter().map(|id| (*id, boxes.get(id).map(|boxed| boxed.held())));
                let (drops, strays) = drops();
                Some(Reply::All {
                    len: boxes.len() as u64,
                    capacity: pool.capacity() as u64,
                    is_empty: boxes.is_empty(),
                    seen: seen.collect(),
                    drops,
                    strays,
                })
            }
            Command::Renew => return true,
        };
        replies.send(&reply.unwrap_or(Reply::Unfit));
    }
    false
}

/// What `remove` gave; the value is dropped after it was looked at.
fn taken<V: Value>(value: Option<V>) -> Reply {
    value.map_or(Reply::Nothing, |value| Reply::Taken(value.held()))
}

fn seen<V: Value>(value: Option<&V>) -> Reply {
    value.map_or(Reply::Nothing, |value| Reply::Seen(value.held()))
}

/// Assigns the value of `to`, which drops the one that is there.
fn change<V: Value>(place: &mut V, to: u32) -> Reply {
    let before = place.held();
    *place = V::new(to);
    Reply::Changed(before, place.held())
}

/// The number of an address, by the order in which addresses were first seen.
fn place(places: &mut Vec<usize>, address: usize) -> u32 {
    let found = places.iter().position(|place| *place == address);
    found.unwrap_or_else(|| {
        places.push(address);
        places.len() - 1
    }) as u32
}
