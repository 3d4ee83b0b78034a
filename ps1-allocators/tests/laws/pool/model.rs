//! A model of both pools: who is live under which key, and what has been dropped.

use crate::protocol::pool::{Command, Held, Kind, Program, Reply, Which};
use driverkit::payload;
use std::collections::{BTreeMap, BTreeSet};

type Law = Result<(), String>;

/// What a program has done so far.
pub struct Model<'p> {
    program: &'p Program,
    /// By the id of key or box: where it is, and its value's id while it has one.
    holders: BTreeMap<u32, Holder>,
    /// Those that have one.
    live: BTreeSet<u32>,
    /// Every key that this life of the pool has given.
    keys: BTreeSet<(u32, u32)>,
    /// How often each value ever made must have been dropped, by id.
    drops: BTreeMap<u32, u32>,
}

#[derive(Clone, Copy)]
struct Holder {
    key: (u32, u32),
    value: Option<u32>,
}

impl<'p> Model<'p> {
    pub fn new(program: &'p Program) -> Self {
        Self {
            program,
            holders: BTreeMap::new(),
            live: BTreeSet::new(),
            keys: BTreeSet::new(),
            drops: BTreeMap::new(),
        }
    }

    /// Carries out a command, and holds its reply against what it must be.
    pub fn observe(&mut self, command: &Command, reply: &Reply) -> Law {
        if self.names_nothing(command) {
            return if *reply == Reply::Unfit { Ok(()) } else { unfit(reply) };
        }
        match *command {
            Command::Insert { id } => self.insert(id, reply),
            Command::Take { id } => self.take(id, self.value(id), reply),
            Command::Drop { id } => match (self.value(id), reply) {
                (Some(value), Reply::Dropped) => {
                    self.end(id, value);
                    Ok(())
                }
                (None, Reply::Nothing) => Ok(()),
                (value, reply) => Err(self.other(value, reply)),
            },
            Command::Get { id } => self.look(self.value(id), reply),
            Command::Change { id, to } => self.change(id, to, reply),
            Command::Forge { id, index, generation, remove } => {
                let Some(holder) = self.holders.get(&id) else { return Ok(()) };
                let key = (holder.key.0.wrapping_add(index), holder.key.1.wrapping_add(generation));
                let named = self.live().find(|(_, holder)| holder.key == key);
                let (id, value) = named.map_or((id, None), |(id, holder)| (*id, holder.value));
                if remove { self.take(id, value, reply) } else { self.look(value, reply) }
            }
            Command::Sweep => self.sweep(reply),
            Command::Renew => {
                for (id, value) in self.live().map(|(id, holder)| (*id, holder.value)).collect::<Vec<_>>() {
                    self.end(id, value.unwrap_or(id));
                }
                self.holders.clear();
                self.keys.clear();
                if *reply == Reply::Renewed { Ok(()) } else { unfit(reply) }
            }
        }
    }

    /// Whether a command is of a key that was never given, since the pool was full, or of a box that is gone.
    fn names_nothing(&self, command: &Command) -> bool {
        let (Command::Take { id }
        | Command::Drop { id }
        | Command::Get { id }
        | Command::Change { id, .. }
        | Command::Forge { id, .. }) = command
        else {
            return false;
        };
        match self.program.which {
            Which::Keyed => !self.holders.contains_key(id),
            Which::Shared => !self.live.contains(id),
        }
    }

    fn live(&self) -> impl Iterator<Item = (&u32, &Holder)> {
        self.live.iter().filter_map(|id| self.holders.get_key_value(id))
    }

    fn value(&self, id: u32) -> Option<u32> {
        self.holders.get(&id)?.value
    }

    /// The value that `id` holds comes to its end.
    fn end(&mut self, id: u32, value: u32) {
        if let Some(holder) = self.holders.get_mut(&id) {
            holder.value = None;
        }
        self.live.remove(&id);
        *self.drops.entry(self.counted(value)).or_default() += 1;
    }

    /// Values without bytes are counted as one.
    fn counted(&self, value: u32) -> u32 {
        if self.program.kind == Kind::Empty { 0 } else { value }
    }

    fn insert(&mut self, id: u32, reply: &Reply) -> Law {
        let (live, capacity) = (self.live.len(), self.program.capacity as usize);
        self.drops.entry(self.counted(id)).or_default();
        match reply {
            Reply::Full(_) if live < capacity => {
                Err(format!("the pool refused a value, and {live} of its {capacity} slots are taken"))
            }
            Reply::Full(held) => {
                self.same(id, held, "came back from the full pool")?;
                self.end(u32::MAX, id);
                Ok(())
            }
            Reply::Inserted { .. } if live >= capacity => {
                Err(format!("the pool took a value, and all of its {capacity} slots are taken"))
            }
            Reply::Inserted { index, generation } => {
                self.place(*index, *generation)?;
                self.live.insert(id);
                self.holders.insert(id, Holder { key: (*index, *generation), value: Some(id) });
                Ok(())
            }
            reply => unfit(reply),
        }
    }

    /// Holds a new value's key, or its box's place, against the others.
    fn place(&mut self, index: u32, generation: u32) -> Law {
        let capacity = self.program.capacity;
        let shared = self.program.which == Which::Shared;
        if shared && self.program.kind == Kind::Empty {
            // All values without bytes may lie at one address.
            return Ok(());
        }
        if let Some((other, _)) = self.live().find(|(_, holder)| holder.key.0 == index) {
            let what = if shared { "lies at the same address as" } else { "has the same index as" };
            return Err(format!("the value {what} value {other}, which is live"));
        }
        if index >= capacity && shared {
            return Err(format!(
                "values have been seen at {} addresses, and the pool has {capacity} slots",
                index + 1
            ));
        }
        if index >= capacity {
            return Err(format!("the key has the index {index}, and the capacity is {capacity}"));
        }
        if !shared && !self.keys.insert((index, generation)) {
            return Err("the key has been given before, to a value that was removed since".to_owned());
        }
        Ok(())
    }

    fn take(&mut self, id: u32, value: Option<u32>, reply: &Reply) -> Law {
        match (value, reply) {
            (Some(value), Reply::Taken(held)) => {
                self.same(value, held, "came out")?;
                self.end(id, value);
                Ok(())
            }
            (None, Reply::Nothing) => Ok(()),
            (value, reply) => Err(self.other(value, reply)),
        }
    }

    fn look(&self, value: Option<u32>, reply: &Reply) -> Law {
        match (value, reply) {
            (Some(value), Reply::Seen(held)) => self.same(value, held, "is there"),
            (None, Reply::Nothing) => Ok(()),
            (value, reply) => Err(self.other(value, reply)),
        }
    }

    fn change(&mut self, id: u32, to: u32, reply: &Reply) -> Law {
        let value = self.value(id);
        match (value, reply) {
            (Some(value), Reply::Changed(before, after)) => {
                self.same(value, before, "was there before")?;
                self.drops.entry(self.counted(to)).or_default();
                self.end(id, value);
                if let Some(holder) = self.holders.get_mut(&id) {
                    holder.value = Some(to);
                    self.live.insert(id);
                }
                self.same(to, after, "is there after the assignment")
            }
            (None, Reply::Nothing) => Ok(()),
            (value, reply) => Err(self.other(value, reply)),
        }
    }

    /// What to say of a reply of the wrong kind.
    fn other(&self, value: Option<u32>, reply: &Reply) -> String {
        match (value, reply) {
            (Some(value), Reply::Nothing) => {
                format!("nothing is there, and value {value} is live under that key")
            }
            (None, Reply::Taken(_) | Reply::Dropped) => "a value came out, and the key names none".to_owned(),
            (None, Reply::Seen(_) | Reply::Changed(..)) => {
                "a value is there, and the key names none".to_owned()
            }
            (_, reply) => format!("the reply is {reply:?}"),
        }
    }

    /// Whether a value is the one that it should be, and alive.
    fn same(&self, value: u32, held: &Held, how: &str) -> Law {
        let empty = self.program.kind == Kind::Empty;
        let length = self.program.kind.len();
        let digest =
            if empty { 0 } else { payload::expected(length, payload::key(self.program.seed, value)) };
        let drops = if empty { self.drops.get(&0).copied().unwrap_or(0) } else { 0 };
        if held.digest != digest {
            return Err(format!("what {how} is not value {value} as it was put in"));
        }
        if !held.aligned {
            return Err(format!("value {value}, which {how}, does not lie at a multiple of its alignment"));
        }
        if held.drops != drops && empty {
            return Err(format!(
                "value {value} {how}, and {} were dropped by then; expected {drops}",
                held.drops
            ));
        }
        if held.drops != drops {
            return Err(format!("value {value} {how}, and had been dropped {} by then", times(held.drops)));
        }
        Ok(())
    }

    fn sweep(&self, reply: &Reply) -> Law {
        let Reply::All { len, capacity, is_empty, seen, drops, strays } = reply else { return unfit(reply) };
        let live = self.live.len() as u64;
        if *len != live {
            return Err(format!("the length is {len}; {live} values are live"));
        }
        if *capacity != u64::from(self.program.capacity) {
            return Err(format!(
                "the capacity is {capacity}; the pool was made for {}",
                self.program.capacity
            ));
        }
        if *is_empty != (live == 0) {
            return Err(format!("`is_empty` says {is_empty}; {live} values are live"));
        }
        if !seen.iter().map(|(id, _)| id).eq(self.holders.keys()) {
            return Err("the sweep left keys or boxes out".to_owned());
        }
        for ((id, held), holder) in seen.iter().zip(self.holders.values()) {
            match (holder.value, held) {
                (Some(value), Some(held)) => self.same(value, held, &format!("is there under key {id}"))?,
                (None, None) => {}
                (Some(value), None) => {
                    return Err(format!("value {value} is live, and its key names nothing"));
                }
                (None, Some(_)) => {
                    return Err(format!("the value of key {id} is gone, and the key names a value still"));
                }
            }
        }
        if *strays > 0 {
            return Err(format!("{strays} drops were of memory that holds no value"));
        }
        for (value, expected) in &self.drops {
            let seen = drops.get(*value as usize).copied().unwrap_or(0);
            if seen != *expected {
                let who = match self.program.kind {
                    Kind::Empty => "the values without bytes were".to_owned(),
                    _ => format!("value {value} was"),
                };
                return Err(format!("{who} dropped {} by now; expected {}", times(seen), times(*expected)));
            }
        }
        Ok(())
    }
}

fn times(count: u32) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

fn unfit(reply: &Reply) -> Law {
    Err(format!("the reply is {reply:?}"))
}
