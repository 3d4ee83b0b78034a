//! A model of one tracker: what is live, and the sums.

use crate::protocol::track::{Asked, Call, Command, Outcome, Record, Reply, Totals, seal};
use std::collections::BTreeMap;

type Law = Result<(), String>;

/// How far the peak may be off for each thread that took part, in bytes.
const SLACK: u64 = 64 << 10;

/// What a program has done so far.
#[derive(Default)]
pub struct Model {
    /// By address.
    live: BTreeMap<u64, Record>,
    /// But for the peak.
    totals: Totals,
    /// Bytes whose call has returned, and no call that ends them was made.
    certain: Level,
    /// Bytes whose call was made, and no call that ends them has returned. A `realloc` counts with the larger
    /// size from its beginning to its end.
    possible: Level,
    /// Threads that took part beside the first.
    others: u64,
}

/// A sum, and the most that it was.
#[derive(Default)]
struct Level {
    now: u64,
    most: u64,
}

impl Level {
    fn rise(&mut self, bytes: u64) {
        self.now += bytes;
        self.most = self.most.max(self.now);
    }

    fn fall(&mut self, bytes: u64) {
        self.now -= bytes;
    }
}

/// A call that has come as far as the heap.
struct Begun {
    /// How the heap is called.
    asked: Asked,
    /// What the tracker will give.
    gave: Option<u64>,
    /// What had been recorded of the block.
    old: Option<Record>,
    /// What will be recorded.
    new: Option<Record>,
    /// Whether it changes a block's size, if it succeeds.
    resizes: bool,
}

impl Model {
    /// Carries out a command, and holds its reply against what it must be.
    pub fn observe(&mut self, command: &Command, reply: &Reply) -> Law {
        match (command, reply) {
            (Command::Call { call, elsewhere, meanwhile }, Reply::Called { gave, asked }) => {
                let mut expected = (Vec::new(), Vec::new());
                let begun = self.begin(*call);
                let mut note = |begun: &Begun| {
                    expected.0.push(begun.gave);
                    expected.1.push(begun.asked);
                };
                note(&begun);
                for call in meanwhile {
                    let begun = self.begin(*call);
                    note(&begun);
                    self.end(begun);
                }
                self.end(begun);
                self.others += u64::from(*elsewhere) + meanwhile.len() as u64;
                called(asked, &expected.1)?;
                given(gave, &expected.0)
            }
            (Command::Look, Reply::Seen { live, totals }) => {
                let expected: Vec<Record> = self.live.values().copied().collect();
                let mut live = live.clone();
                live.sort_unstable();
                same_records(&live, &expected)?;
                self.sums(totals)
            }
            (Command::Switch, Reply::Switched) => Ok(()),
            (_, reply) => Err(format!("the reply {reply:?} does not answer it")),
        }
    }

    /// Makes a call to which the heap says what is scripted, from beginning to end.
    pub fn make(&mut self, call: Call) {
        let begun = self.begin(call);
        self.end(begun);
    }

    /// Holds the sum of all records' [`seal`]s and the sums against the model's, after calls on one thread.
    pub fn settled(&self, seals: u64, totals: &Totals) -> Law {
        if seals != self.seals() {
            return Err(
                "`live` does not tell the live blocks with their sizes and sites, each once".to_owned()
            );
        }
        self.sums(totals)
    }

    /// The sum of the live records' [`seal`]s.
    pub fn seals(&self) -> u64 {
        self.live.values().fold(0, |sum, record| sum.wrapping_add(seal(*record)))
    }

    /// The sums so far, but for the peak.
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// How many blocks are live.
    pub fn blocks(&self) -> usize {
        self.live.len()
    }

    /// A call up to where the heap is called.
    fn begin(&mut self, call: Call) -> Begun {
        let fresh = |block, size, site| Record { block, size, site };
        let malloc = |size: u64, align, site, answer: Option<u64>| Begun {
            asked: Asked::Malloc { size: size.max(1), align },
            gave: answer,
            old: None,
            new: answer.map(|block| fresh(block, size, site)),
            resizes: false,
        };
        let begun = match call {
            Call::Malloc { size, align, site, answer }
            | Call::Realloc { block: None, size, align, site, answer } => malloc(size, align, site, answer),
            Call::Free { block } | Call::Realloc { block: Some(block), size: 0, .. } => Begun {
                asked: Asked::Free { block },
                gave: None,
                old: self.live.remove(&block),
                new: None,
                resizes: false,
            },
            Call::Realloc { block: Some(block), size, align, site, answer } => {
                let old = self.live.remove(&block);
                let site = old.map_or(site, |old| old.site);
                Begun {
                    asked: Asked::Realloc { block, size, align },
                    gave: answer,
                    old,
                    new: answer.map(|block| fresh(block, size, site)),
                    resizes: true,
                }
            }
        };
        // A block whose address is handed out again was given back before, behind the tracker's back.
        let unseen = begun.new.and_then(|new| self.live.get(&new.block).copied());
        self.certain.fall(size(begun.old) + size(unseen));
        self.possible.rise(size(begun.new).saturating_sub(size(begun.old)));
        begun
    }

    /// The rest of a call.
    fn end(&mut self, begun: Begun) {
        let Begun { old, mut new, resizes, .. } = begun;
        match (old, new) {
            (Some(old), Some(new)) => {
                self.totals.reallocations += 1;
                self.totals.total_bytes += new.size.saturating_sub(old.size);
            }
            (None, Some(new)) => {
                self.totals.allocations += 1;
                self.totals.total_bytes += new.size;
            }
            // A resize that failed.
            (Some(_), None) if resizes => new = old,
            (Some(_), None) => self.totals.frees += 1,
            (None, None) => {}
        }
        self.certain.rise(size(new));
        self.possible.fall(size(old).saturating_sub(size(new)));
        let unseen = new.and_then(|new| self.live.insert(new.block, new));
        self.totals.frees += u64::from(unseen.is_some());
        self.possible.fall(size(unseen));
        self.totals.live_bytes = self.certain.now;
    }

    /// Holds the sums against those of the program, at a moment when no thread is inside.
    fn sums(&self, seen: &Totals) -> Law {
        let certain = Totals { peak_bytes: self.certain.most, ..self.totals };
        same_totals(seen, &certain, self.possible.most, 1 + self.others)
    }
}

fn size(record: Option<Record>) -> u64 {
    record.map_or(0, |record| record.size)
}

/// Holds what threads came to against what they did.
pub fn sound(outcome: &Outcome, threads: u64) -> Law {
    same_records(&outcome.live, &outcome.held)?;
    same_totals(&outcome.totals, &outcome.counted, outcome.possible, threads)
}

/// How the heap was called, and how it should have been.
fn called(asked: &[Asked], expected: &[Asked]) -> Law {
    for (index, should) in expected.iter().enumerate() {
        let number = index + 1;
        match asked.get(index) {
            Some(was) if was == should => {}
            was => {
                let was = was.map_or("no call".to_owned(), heap_call);
                return Err(format!(
                    "the heap's {number}. call should have been {}, and was {was}",
                    heap_call(should)
                ));
            }
        }
    }
    match asked.get(expected.len()) {
        Some(more) => Err(format!("the heap was called once more than asked for, with {}", heap_call(more))),
        None => Ok(()),
    }
}

fn heap_call(asked: &Asked) -> String {
    match asked {
        Asked::Malloc { size, align } => format!("`malloc({size}, {align})`"),
        Asked::Free { block } => format!("`free({block:#x})`"),
        Asked::Realloc { block, size, align } => format!("`realloc({block:#x}, {size}, {align})`"),
    }
}

fn given(gave: &[Option<u64>], expected: &[Option<u64>]) -> Law {
    let spell = |gave: &Option<u64>| gave.map_or("`None`".to_owned(), |block| format!("{block:#x}"));
    for (was, should) in gave.iter().zip(expected) {
        if was != should {
            return Err(format!("the tracker gave {}, and the heap had given {}", spell(was), spell(should)));
        }
    }
    Ok(())
}

/// Holds records against others, both in order.
fn same_records(seen: &[Record], expected: &[Record]) -> Law {
    let spell = |record: &Record| {
        format!("block {:#x} with {} bytes from site {}", record.block, record.size, record.site)
    };
    let pairs = seen.iter().zip(expected);
    let first = pairs.take_while(|(is, should)| is == should).count();
    let missing = |should| format!("`live` did not tell {}", spell(should));
    Err(match (seen.get(first), expected.get(first)) {
        (None, None) => return Ok(()),
        (None, Some(should)) => missing(should),
        (Some(is), Some(should)) if is.block > should.block => missing(should),
        (Some(is), Some(should)) if is.block == should.block => {
            format!("`live` told {}, which is {}", spell(is), spell(should))
        }
        (Some(is), _) => format!("`live` told {}, which is not live, or told it twice", spell(is)),
    })
}

/// Holds sums against those that are certain, and the peak against what it may be.
fn same_totals(seen: &Totals, certain: &Totals, possible: u64, threads: u64) -> Law {
    for (name, is, should) in [
        ("allocations", seen.allocations, certain.allocations),
        ("frees", seen.frees, certain.frees),
        ("reallocations", seen.reallocations, certain.reallocations),
        ("total_bytes", seen.total_bytes, certain.total_bytes),
        ("live_bytes", seen.live_bytes, certain.live_bytes),
    ] {
        if is != should {
            return Err(format!("`totals` told {name}: {is}, and it is {should}"));
        }
    }
    let (peak, slack) = (seen.peak_bytes, threads * SLACK);
    if !(certain.peak_bytes.saturating_sub(slack)..=possible.saturating_add(slack)).contains(&peak) {
        let most = match certain.peak_bytes == possible {
            true => format!("{possible} bytes"),
            false => format!("between {} and {possible} bytes", certain.peak_bytes),
        };
        return Err(format!(
            "`totals` told peak_bytes: {peak}; the most that were live at once is {most}, and the slack of \
             {threads} thread(s) is {slack}"
        ));
    }
    if peak > seen.total_bytes || peak < seen.live_bytes {
        return Err(format!(
            "`totals` told a peak of {peak} bytes, with {} in total and {} live",
            seen.total_bytes, seen.live_bytes
        ));
    }
    Ok(())
}
