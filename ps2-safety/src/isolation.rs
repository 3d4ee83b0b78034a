//! Extra credit: isolation by protection domains.
//!
//! ```text
//!   pages    │ dom 0 │ dom 2 │ dom 2 │ dom 1 │        every page belongs to one domain
//!   rights   │ 0: rw │ 1: -  │ 2: r  │ …     │        what this context may do with each
//!   guard        grant(2, ReadWrite) ─► 2: rw … dropped ─► 2: r
//! ```
//!
//! Sources: Intel SDM volume 3, section 4.6.2 (protection keys); `pkeys(7)`; A. Vahldiek-Oberwagner et
//! al., "ERIM", USENIX Security 2019.

use crate::Access;
use core::marker::PhantomData;

/// Domains that exist at once: as many as x86's protection keys.
pub const DOMAINS: usize = 16;

/// A protection domain, below [`DOMAINS`]. Domain 0 owns every page at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Domain(pub u8);

/// What a context may do with a domain's pages; each includes the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rights {
    /// Nothing.
    None,
    /// Load.
    Read,
    /// Load and store.
    ReadWrite,
}

/// An access that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    /// The lowest page that may not be accessed so.
    pub page: usize,
    /// Its domain; `None` for a page that does not exist.
    pub domain: Option<Domain>,
}

/// The pages' domains and one context's rights.
///
/// At first the context may do everything with domain 0 and nothing with the others.
#[derive(Debug)]
pub struct Domains {}

impl Domains {
    /// `pages` pages, numbered from 0.
    pub fn new(pages: usize) -> Self {
        todo!("ps2.isolation.new: {pages} pages of domain 0")
    }

    /// Gives `count` pages from `first` to `domain`.
    ///
    /// # Errors
    ///
    /// [`Denied`], with nothing changed, unless the context may write all of them now.
    pub fn assign(&mut self, first: usize, count: usize, domain: Domain) -> Result<(), Denied> {
        todo!("ps2.isolation.assign: {count} pages from {first} go to {domain:?}")
    }

    /// Whether the context may access `count` pages from `first`.
    ///
    /// # Errors
    ///
    /// [`Denied`] for the lowest page.
    pub fn check(&self, first: usize, count: usize, access: Access) -> Result<(), Denied> {
        todo!("ps2.isolation.check: may {count} pages from {first} be accessed? ({access})")
    }

    /// Raises or lowers the rights to `domain` until the guard is dropped, also by a panic. Guards nest,
    /// and the type makes them end in the reverse order.
    pub fn grant(&mut self, domain: Domain, rights: Rights) -> Granted<'_> {
        todo!("ps2.isolation.grant: {rights:?} to {domain:?} for a while")
    }
}

/// Rights for a while. It stays on its thread, as the rights register does.
#[derive(Debug)]
pub struct Granted<'a> {
    /// Borrows the context, and is neither `Send` nor `Sync`.
    context: PhantomData<(&'a mut Domains, *mut ())>,
}

impl Granted<'_> {
    /// The context with these rights.
    pub fn domains(&mut self) -> &mut Domains {
        todo!("ps2.isolation.domains: the context behind {:?}", self.context)
    }
}

impl Drop for Granted<'_> {
    /// Restores the rights as they were.
    fn drop(&mut self) {
        todo!("ps2.isolation.drop: put the old rights back")
    }
}
