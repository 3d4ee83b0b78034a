//! Pins every public signature of the listed files: whoever changes one is told while building.
//!
//! An error that points here means that a listed file no longer offers what the checks call. Restore the
//! signature from `skeleton/`.
#![expect(clippy::type_complexity, reason = "a signature is spelled out here, not abbreviated")]

use crate::bounds::{BlockId, BoundsTable, OutOfBounds, RegisterError};
use crate::handles::{Full, Handle, HandleTable, Held, Quarantine, Stale};
use crate::hardening::{Alarm, HardenedSlab, decode_link, encode_link};
use crate::isolation::{Denied, Domain, Domains, Granted, Rights};
use crate::secret::SecretBox;
use crate::shadow::{BadAccess, Poison, Shadow, Site, Uninitialised};
use crate::sweep::Sweeper;
use crate::{Access, Memory};
use core::ops::Range;
use heap_api::{RawAllocator, Region};
use std::io;

const _: () = {
    let _: fn() -> BoundsTable = BoundsTable::new;
    let _: fn(&mut BoundsTable, usize, usize) -> Result<BlockId, RegisterError> = BoundsTable::register;
    let _: fn(&mut BoundsTable, usize) -> Result<BlockId, RegisterError> = BoundsTable::unregister;
    let _: fn(&mut BoundsTable, usize, usize) -> Result<(), RegisterError> = BoundsTable::resize;
    let _: fn(&BoundsTable, usize, usize, Access) -> Result<(), OutOfBounds> = BoundsTable::check;
    let _: unsafe fn(&BoundsTable, *const u8, *mut u8, usize) -> Result<(), OutOfBounds> = BoundsTable::copy;
};

const _: () = {
    type Table = HandleTable<u64, 8>;
    const fn shared<T: Send + Sync>() {}
    shared::<Table>();
    let _: fn(u32) -> Table = Table::new;
    let _: fn(&Table, u64) -> Result<Handle, Full<u64>> = Table::insert;
    let _: fn(&Table, Handle, fn(&u64) -> u64) -> Result<u64, Stale> = Table::with;
    let _: fn(&Table, Handle) -> Result<(), Stale> = Table::free;
    let _: fn(u32, u32) -> Handle = Handle::new;
    let _: fn(usize) -> Quarantine = Quarantine::new;
    let _: fn(&mut Quarantine, Held, &mut dyn FnMut(Held)) = Quarantine::push;
    let _: fn(&Quarantine, usize) -> Option<Held> = Quarantine::find;
    let _: fn(&Quarantine) -> usize = Quarantine::bytes;
    let _: fn(&mut Quarantine, &mut dyn FnMut(Held)) = Quarantine::drain;
};

const _: () = {
    let _: fn(usize, usize) -> Shadow = Shadow::new;
    let _: fn(&mut Shadow, usize, usize, Site) = Shadow::allocated;
    let _: fn(&mut Shadow, usize, Site) = Shadow::freed;
    let _: fn(&mut Shadow, usize, usize, Site) = Shadow::resized;
    let _: fn(&mut Shadow, usize, usize, Poison) = Shadow::poison;
    let _: fn(&mut Shadow, usize, usize) = Shadow::unpoison;
    let _: fn(&Shadow, usize, usize, Access) -> Result<(), BadAccess> = Shadow::check;
    let _: fn(&mut Shadow, usize, usize) = Shadow::mark_init;
    let _: fn(&mut Shadow, usize, usize, usize) = Shadow::copy_state;
    let _: fn(&Shadow, usize, usize) -> Result<(), Uninitialised> = Shadow::branch_on;
};

const _: () = {
    const fn allocator<A: RawAllocator + Send>() {}
    allocator::<HardenedSlab>();
    let _: fn(Region, u64) -> HardenedSlab = HardenedSlab::new;
    let _: fn(&mut HardenedSlab, &mut dyn FnMut(Alarm)) = HardenedSlab::drain_alarms;
    let _: fn(&mut HardenedSlab) = HardenedSlab::verify;
    let _: fn(u64, usize, usize) -> u64 = encode_link;
    let _: fn(u64, usize, u64) -> Option<usize> = decode_link;
};

const _: () = {
    let _: fn() -> Sweeper = Sweeper::new;
    let _: fn(&mut Sweeper, Range<usize>) = Sweeper::hold;
    let _: fn(&mut Sweeper, &dyn Memory, &[Range<usize>], &mut dyn FnMut(Range<usize>)) = Sweeper::sweep;
    let _: fn(usize) -> Domains = Domains::new;
    let _: fn(&mut Domains, usize, usize, Domain) -> Result<(), Denied> = Domains::assign;
    let _: fn(&Domains, usize, usize, Access) -> Result<(), Denied> = Domains::check;
    let _: for<'a> fn(&'a mut Domains, Domain, Rights) -> Granted<'a> = Domains::grant;
    let _: for<'a> fn(&'a mut Granted<'static>) -> &'a mut Domains = Granted::domains;
    let _: fn(&mut [u8]) -> io::Result<SecretBox> = SecretBox::new;
    let _: fn(&mut SecretBox, fn(&[u8]) -> u64) -> io::Result<u64> = SecretBox::expose;
    let _: fn(&mut SecretBox, &[u8]) -> io::Result<bool> = SecretBox::equals;
};
