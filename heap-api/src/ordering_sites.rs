//! Which memory orderings code asks for and where, and what if one place asked for less.
//!
//! ```text
//!   tail.store(1, Release)  ──►  sync::watched  ──►  loom
//!                                    │  ▲
//!                        a site: where, what, Release, in which operation, which time
//!                                       └─ weaken: at that site, Relaxed instead
//! ```
//!
//! Only under the feature `loom`, where a driver runs a model once as it is written and once with each
//! site weakened. Nothing here judges. Code under test has no business in this module.
//!
//! One place may serve several ends, as a function does that all loads go through: one of them may need what it asks
//! for, and another not. So a place counts anew in each kind of operation, and each time that one operation meets it.
//!
//! Loom sees no plain memory. So a driver may also have loads give another number than is there: what then still gives
//! the number that is there did not come by an atomic.

use core::panic::Location;
use loom::thread::{ThreadId, current};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What an ordering is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A load.
    Load,
    /// A store.
    Store,
    /// A read-modify-write, or an exchange that succeeds.
    Update,
    /// The load of an exchange that fails.
    FailedExchange,
    /// A fence.
    Fence,
}

/// A place in the source that asks for an ordering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// The file, as the compiler was given it.
    pub file: &'static str,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// What the ordering is for.
    pub part: Part,
    /// What is asked for.
    pub ordering: Ordering,
    /// In which kind of operation: what [`operation`] was told.
    pub operation: u8,
    /// How often that operation had met the place before, counted up to [`OFTEN`].
    pub before: u32,
}

/// From so many times on, a place that one operation meets again is one site: it stands in a loop.
pub const OFTEN: u32 = 3;

/// Every site that was met, in the order of their first time, and the one that gets less than it asks for.
struct Sites {
    met: Vec<Site>,
    weakened: Option<(Site, Option<Ordering>)>,
    /// What each thread is at, and the sites that it has met since, each once.
    at: Vec<(ThreadId, u8, Vec<Site>)>,
    forged: Option<Forged>,
}

/// A number that loads give in the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forged {
    /// What is there.
    pub number: u64,
    /// What a load of it gives.
    pub given: u64,
    /// The kind of operation whose loads give what is there, since it is the one that stores.
    pub but_in: u8,
}

/// Shared by all threads of a model, which loom runs one at a time and never switches in here.
static SITES: Mutex<Sites> =
    Mutex::new(Sites { met: Vec::new(), weakened: None, at: Vec::new(), forged: None });

fn sites() -> MutexGuard<'static, Sites> {
    SITES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every site that was met since the process began.
pub fn met() -> Vec<Site> {
    sites().met.clone()
}

/// From now on gives `site` the other ordering; `None` in its place leaves a fence out.
pub fn weaken(site: Option<(Site, Option<Ordering>)>) {
    sites().weakened = site;
}

/// From now on has loads give another number in the place of one, or no longer.
pub fn forge(forged: Option<Forged>) {
    sites().forged = forged;
}

/// What a load gives that has found `number`.
pub(crate) fn given(number: u64) -> u64 {
    let sites = sites();
    let Some(forged) = sites.forged.filter(|forged| forged.number == number) else { return number };
    let thread = current().id();
    let storing = sites.at.iter().any(|(other, kind, _)| *other == thread && *kind == forged.but_in);
    if storing { number } else { forged.given }
}

/// An interleaving begins, in which no thread is at an operation.
pub fn begin() {
    sites().at.clear();
}

/// The calling thread begins an operation of that kind; with 0, one whose orderings nobody weighs.
pub fn operation(kind: u8) {
    let thread = current().id();
    let at = &mut sites().at;
    at.retain(|(other, ..)| *other != thread);
    at.push((thread, kind, Vec::new()));
}

/// Notes what the caller's caller asks for, and says what it gets. `None` only ever comes for a fence.
#[track_caller]
pub(crate) fn granted(part: Part, ordering: Ordering) -> Option<Ordering> {
    let at = Location::caller();
    let (file, line, column) = (at.file(), at.line(), at.column());
    let mut site = Site { file, line, column, part, ordering, operation: 0, before: 0 };
    let thread = current().id();
    let mut sites = sites();
    let Some((_, operation, met)) = sites.at.iter_mut().find(|(other, ..)| *other == thread) else {
        return Some(ordering);
    };
    if *operation == 0 {
        return Some(ordering);
    }
    site.operation = *operation;
    while site.before < OFTEN && met.contains(&site) {
        site.before += 1;
    }
    if !met.contains(&site) {
        met.push(site);
    }
    if !sites.met.contains(&site) {
        sites.met.push(site);
    }
    match sites.weakened {
        Some((weakened, less)) if weakened == site => less,
        _ => Some(ordering),
    }
}
