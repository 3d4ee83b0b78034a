//! Pins every public signature of the listed files: whoever changes one is told while building.
//!
//! An error that points here means that a listed file no longer offers what the checks call. Restore the
//! signature from `skeleton/`.

use crate::Manager;
use crate::allocators::{Router, Strategy, TypeTag};
use crate::debugging::{Live, Statistics, Watched};
use crate::pages::PageHeap;
use crate::performance::Cached;
use crate::safety::{Finding, Hardened, Policy};
use core::alloc::Layout;
use core::ptr::NonNull;
use heap_api::{AllocError, Owns, SharedAllocator};
use std::fmt;

const fn layer<A: SharedAllocator + Owns + Send>() {}

const _: () = {
    layer::<Router>();
    layer::<Hardened<Router>>();
    layer::<Watched<Router>>();
    layer::<Cached<Router>>();
    layer::<Manager>();

    let _: fn(PageHeap) -> Router = Router::new;
    let _: fn(&Router, usize, usize, Strategy) = Router::route_sizes;
    let _: fn(&Router, TypeTag) = Router::isolate;
    type Block = Result<NonNull<[u8]>, AllocError>;
    let _: fn(&Router, Layout, TypeTag) -> Block = Router::allocate_typed;
    let _: fn(&Router, NonNull<u8>) -> Option<Strategy> = Router::strategy_of;
    let _: fn(&Router) -> usize = Router::collect;

    type Safe = Hardened<Router>;
    let _: fn(Router, Policy) -> Safe = Safe::new;
    let _: fn(&Safe) -> &Router = Safe::below;
    let _: fn(&Safe) -> Vec<Finding> = Safe::take_findings;
    let _: fn(&Safe) = Safe::drain;

    type Seen = Watched<Router>;
    let _: fn(Router) -> Seen = Seen::new;
    let _: fn(&Seen) -> &Router = Seen::below;
    let _: fn(&Seen, bool) = Seen::watch;
    let _: fn(&Seen) -> Statistics = Seen::statistics;
    let _: fn(&Seen, u64, &mut dyn FnMut(Live)) = Seen::leaks;
    let _: fn(&Seen, usize, usize, &mut dyn fmt::Write) -> fmt::Result = Seen::map;

    type Fast = Cached<Router>;
    let _: fn(Router) -> Fast = Fast::new;
    let _: fn(&Fast) -> &Router = Fast::below;
    let _: fn(&Fast) -> usize = Fast::collect;
};
