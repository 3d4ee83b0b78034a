//! Which memory orderings code asks for and where, and what if one place asked for less.
//!
//! ```text
//!   tail.store(1, Release)  ──►  sync::watched  ──►  loom
//!                                    │  ▲
//!                        a site: where, what, Release
//!                                       └─ weaken: at that site, Relaxed instead
//! ```
//!
//! Only under the feature `loom`, where a driver runs a model once as it is written and once with each
//! site weakened. Nothing here judges. Code under test has no business in this module.

use core::panic::Location;
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
}

/// Every site that was met, in the order of their first time, and the one that gets less than it asks for.
struct Sites {
    met: Vec<Site>,
    weakened: Option<(Site, Option<Ordering>)>,
}

/// Shared by all threads of a model, which loom runs one at a time and never switches in here.
static SITES: Mutex<Sites> = Mutex::new(Sites { met: Vec::new(), weakened: None });

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

/// Notes what the caller's caller asks for, and says what it gets. `None` only ever comes for a fence.
#[track_caller]
pub(crate) fn granted(part: Part, ordering: Ordering) -> Option<Ordering> {
    let at = Location::caller();
    let site = Site { file: at.file(), line: at.line(), column: at.column(), part, ordering };
    let mut sites = sites();
    if !sites.met.contains(&site) {
        sites.met.push(site);
    }
    match sites.weakened {
        Some((weakened, less)) if weakened == site => less,
        _ => Some(ordering),
    }
}
