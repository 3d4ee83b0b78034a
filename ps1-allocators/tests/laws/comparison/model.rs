//! What a scripted run must show: the run, and every call and reading of the clock.

use crate::protocol::comparison::{Act, Defect, Event, Op, Ran, Script, Scripted};
use std::cell::Cell;
use std::collections::BTreeMap;

/// Bytes that are not the ones that were written there may agree with them by chance. So many do not.
const SURE: usize = 8;

/// What a byte of the subject's memory holds: which byte of which filling, 0 for zero bytes; and whether
/// it was changed since.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Byte {
    origin: (u32, usize),
    poked: bool,
}

const ZERO: Byte = Byte { origin: (0, 0), poked: false };

#[derive(Clone, Copy)]
struct Block {
    at: u64,
    size: u64,
    align: u64,
    filling: u32,
}

/// What is expected.
pub struct Expected {
    ran: Ran,
    events: Vec<Event>,
    /// What is left at the end, to be freed in any order.
    left: Vec<Event>,
    /// Whether it hangs on bytes that may agree by chance.
    unsure: Cell<bool>,
}

impl Expected {
    /// What does not agree, in a sentence.
    pub fn differs(&self, seen: &Scripted) -> Option<String> {
        if self.unsure.get() {
            return None;
        }
        let common =
            seen.events.iter().zip(&self.events).take_while(|(seen, expected)| seen == expected).count();
        let spell =
            |event: Option<&Event>| event.map_or("nothing more".to_owned(), |event| format!("{event:?}"));
        if seen.ran.defect != self.ran.defect {
            let spell = |defect: Option<(u64, Defect)>| match defect {
                None => "no defect".to_owned(),
                Some((at, defect)) => format!("{defect:?} at operation {at}"),
            };
            return Some(format!(
                "run told {}; there is {}.",
                spell(seen.ran.defect),
                spell(self.ran.defect)
            ));
        }
        if common < self.events.len() {
            return Some(format!(
                "Event {common} of calls and readings of the clock: seen {}, expected {}.",
                spell(seen.events.get(common)),
                spell(self.events.get(common))
            ));
        }
        let mut tail = seen.events[common..].to_vec();
        tail.sort_by_key(|event| format!("{event:?}"));
        let whole = self.ran.defect.is_none();
        if (whole && tail != self.left) || tail.iter().any(|event| !self.left.contains(event)) {
            return Some(format!(
                "After the last operation came {tail:?}; what is left are {:?}, to be freed without a look at the \
                 clock.",
                self.left
            ));
        }
        let figures = [
            ("time", seen.ran.time, self.ran.time),
            ("calls", seen.ran.calls, self.ran.calls),
            ("peak_live", seen.ran.peak_live, self.ran.peak_live),
        ];
        let wrong = figures.into_iter().find(|(_, seen, expected)| seen != expected);
        wrong.map(|(what, seen, expected)| format!("run told {what} {seen}; it is {expected}."))
    }
}

struct Model<'s> {
    script: &'s Script,
    acts: std::slice::Iter<'s, Act>,
    cells: Vec<Byte>,
    live: BTreeMap<u32, Block>,
    served: Vec<(u64, u64)>,
    fillings: u32,
    bytes: u64,
    readings: usize,
    expected: Expected,
}

/// Computes what a script must show.
pub fn expected(script: &Script) -> Expected {
    let ran = Ran { time: 0, calls: 0, peak_live: 0, defect: None };
    let expected = Expected { ran, events: Vec::new(), left: Vec::new(), unsure: Cell::new(false) };
    let mut model = Model {
        script,
        acts: script.acts.iter(),
        cells: vec![ZERO; script.memory as usize],
        live: BTreeMap::new(),
        served: Vec::new(),
        fillings: 0,
        bytes: 0,
        readings: 0,
        expected,
    };
    let mut ops = script.ops.iter().enumerate();
    let defect = ops.find_map(|(at, op)| model.step(*op).err().map(|defect| (at as u64, defect)));
    model.expected.ran.defect =
        defect.or_else(|| model.finish().map(|defect| (script.ops.len() as u64, defect)));
    model.expected
}

impl Model<'_> {
    fn call(&mut self, event: Event) -> Option<Act> {
        let ticks = &self.script.ticks;
        self.expected.ran.time += ticks[(self.readings + 1) % ticks.len()];
        self.readings += 2;
        self.expected.ran.calls += 1;
        self.expected.events.extend([Event::Clock, event, Event::Clock]);
        self.acts.next().cloned()
    }

    fn step(&mut self, op: Op) -> Result<(), Defect> {
        match op {
            Op::Allocate(id, size, align) => {
                let act = self.call(Event::Allocate(size, align)).unwrap_or_default();
                self.poke(&act);
                self.serve(id, size, align, &act, false)
            }
            Op::AllocateZeroed(id, size, align) => {
                let act = self.call(Event::AllocateZeroed(size, align)).unwrap_or_default();
                if let Some((at, len)) = act.block.filter(|_| act.honest) {
                    self.cells[at as usize..(at + len.min(size)) as usize].fill(ZERO);
                }
                self.poke(&act);
                self.serve(id, size, align, &act, true)
            }
            Op::Reallocate(id, size) => self.reallocate(id, size),
            Op::Free(id) => {
                let Some(block) = self.leave(id)? else { return Ok(()) };
                let Some(act) = self.call(free(&block)) else { return Ok(()) };
                self.poke(&act);
                act.block.map(drop).ok_or(Defect::RefusedFree)
            }
        }
    }

    fn serve(&mut self, id: u32, size: u64, align: u64, act: &Act, zeroed: bool) -> Result<(), Defect> {
        let Some((at, len)) = act.block else {
            let before = self.served.iter().any(|old| old.0 >= size && old.1 >= align);
            return if before && self.live.is_empty() { Err(Defect::SpuriousExhaustion) } else { Ok(()) };
        };
        self.sound(at, len, size, align)?;
        if zeroed && self.other(at, size, |_| (0, 0)) {
            return Err(Defect::NotZeroed);
        }
        self.served.push((size, align));
        self.adopt(id, at, size, align);
        Ok(())
    }

    fn reallocate(&mut self, id: u32, size: u64) -> Result<(), Defect> {
        let Some(old) = self.leave(id)? else { return Ok(()) };
        let act = self.call(Event::Reallocate(old.at as i64, old.size, old.align, size)).unwrap_or_default();
        if let Some((at, len)) = act.block.filter(|_| act.honest) {
            let common = old.size.min(size).min(len) as usize;
            self.cells.copy_within(old.at as usize..old.at as usize + common, at as usize);
        }
        self.poke(&act);
        let Some((at, len)) = act.block else {
            // Whether a refusal changed the old block is seen when that is given back.
            let whole = !self.other(old.at, old.size, |index| (old.filling, index));
            self.adopt(id, old.at, old.size, old.align);
            self.doubt(!whole);
            return Ok(());
        };
        self.sound(at, len, size, old.align)?;
        if self.other(at, size.min(old.size), |index| (old.filling, index)) {
            return Err(Defect::LostOnReallocate);
        }
        self.adopt(id, at, size, old.align);
        Ok(())
    }

    fn sound(&self, at: u64, len: u64, size: u64, align: u64) -> Result<(), Defect> {
        let shares = |live: &Block| live.at < at + size && at < live.at + live.size;
        if len < size {
            Err(Defect::TooShort)
        } else if !at.is_multiple_of(align) {
            Err(Defect::Misaligned)
        } else if self.live.values().any(shares) {
            Err(Defect::Overlap)
        } else {
            Ok(())
        }
    }

    fn adopt(&mut self, id: u32, at: u64, size: u64, align: u64) {
        self.fillings += 1;
        for index in 0..size as usize {
            self.cells[at as usize + index] = Byte { origin: (self.fillings, index), poked: false };
        }
        self.live.insert(id, Block { at, size, align, filling: self.fillings });
        self.bytes += size;
        self.expected.ran.peak_live = self.expected.ran.peak_live.max(self.bytes);
    }

    fn leave(&mut self, id: u32) -> Result<Option<Block>, Defect> {
        let Some(block) = self.live.remove(&id) else { return Ok(None) };
        self.bytes -= block.size;
        match self.other(block.at, block.size, |index| (block.filling, index)) {
            true => Err(Defect::Corrupted),
            false => Ok(Some(block)),
        }
    }

    fn finish(&mut self) -> Option<Defect> {
        let blocks: Vec<Block> = self.live.values().copied().collect();
        self.expected.left = blocks.iter().map(free).collect();
        self.expected.left.sort_by_key(|event| format!("{event:?}"));
        let changed = |block: &Block| self.other(block.at, block.size, |index| (block.filling, index));
        let changed = blocks.iter().filter(|block| changed(block)).count();
        (changed > 0).then_some(Defect::Corrupted)
    }

    fn poke(&mut self, act: &Act) {
        for (at, _) in &act.pokes {
            if let Some(cell) = self.cells.get_mut(*at as usize) {
                // The same change twice is none.
                let twice = std::mem::replace(&mut cell.poked, true);
                self.doubt(twice);
            }
        }
    }

    /// Whether a range holds other bytes than those.
    fn other(&self, at: u64, size: u64, origin: impl Fn(usize) -> (u32, usize)) -> bool {
        let cells = self.cells[at as usize..(at + size) as usize].iter().enumerate();
        let (mut stale, mut poked) = (0, false);
        for (index, cell) in cells {
            stale += usize::from(cell.origin != origin(index));
            poked |= cell.poked && cell.origin == origin(index);
        }
        self.doubt(!poked && (1..SURE).contains(&stale));
        poked || stale >= SURE
    }

    fn doubt(&self, doubt: bool) {
        self.expected.unsure.set(self.expected.unsure.get() || doubt);
    }
}

fn free(block: &Block) -> Event {
    Event::Free(block.at as i64, block.size, block.align)
}
