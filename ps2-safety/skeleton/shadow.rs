//! The memory sanitizer: two shadows that know what each byte may be used for.
//!
//! ```text
//!   bytes            │ 0 1 2 3 4 5 6 7 │ 8 9 a b c d e f │      a granule is 8 bytes
//!   addressability   │        0        │        3        │      one shadow byte a granule:
//!                         all eight         first three         0 all, 1-7 that many, >= 0x80 none (why)
//!   initialisedness  │ 1 1 1 1 0 0 1 1 │ 1 1 0 . . . . . │      one bit a byte
//! ```
//!
//! Addressability answers "may this be touched?" and reports at the access. Initialisedness answers "has
//! this been written?" and reports only where a value is *used*: copying padding is what every struct
//! assignment does, branching on it is a bug.
//!
//! Sources: K. Serebryany et al., "AddressSanitizer", USENIX ATC 2012 (the encoding, section 3.1);
//! E. Stepanov and K. Serebryany, "MemorySanitizer", CGO 2015; J. Seward and N. Nethercote, "Using
//! Valgrind to detect undefined value errors with bit-precision", USENIX ATC 2005.

use crate::Access;

/// Bytes that one byte of the addressability shadow describes.
pub const GRANULE: usize = 8;

/// Why a byte may not be touched. The values are AddressSanitizer's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Poison {
    /// Beside a block.
    RedZone = 0xfa,
    /// A freed block.
    Freed = 0xfd,
    /// Poisoned by the program itself.
    User = 0xf7,
    /// Never allocated. What everything is at first.
    Unallocated = 0xfe,
}

/// An identifier of a call stack, given by whoever records an event.
pub type Site = u32;

/// The block that a report is about: the one that holds the bad byte or, failing that, the live or freed
/// one whose end or start is nearest to it (the lower one of two at the same distance).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Its first byte.
    pub base: usize,
    /// The size that was asked for.
    pub len: usize,
    /// Where it was allocated.
    pub allocated: Site,
    /// Where it was freed, if it was.
    pub freed: Option<Site>,
}

/// An access to a byte that may not be touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadAccess {
    /// The lowest bad byte.
    pub addr: usize,
    /// Why it is bad.
    pub poison: Poison,
    /// What was tried.
    pub access: Access,
    /// The block concerned, if any was ever recorded.
    pub origin: Option<Origin>,
}

/// A decision that hangs on a byte nobody has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uninitialised {
    /// The lowest such byte.
    pub addr: usize,
    /// The block it lies in.
    pub origin: Option<Origin>,
}

/// Both shadows of one range of addresses. Nothing here touches the range itself.
///
/// All ranges that methods take lie within the shadowed one, except where `check` says otherwise.
#[derive(Debug)]
pub struct Shadow {}

impl Shadow {
    /// Shadows `len` bytes from `base`, a multiple of [`GRANULE`]: unallocated and uninitialised.
    ///
    /// Both shadows together take at most a quarter of `len`.
    pub fn new(base: usize, len: usize) -> Self {
        todo!("ps2.shadow.new: shadow {len} bytes from {base:#x}")
    }

    /// Records a block at `base`, a multiple of [`GRANULE`]: its `len` bytes may be touched and are
    /// uninitialised; what follows them in their last granule stays bad.
    pub fn allocated(&mut self, base: usize, len: usize, site: Site) {
        todo!("ps2.shadow.allocated: open {len} bytes at {base:#x}, remember site {site}")
    }

    /// Records the end of the block at `base`: all its bytes are [`Poison::Freed`].
    ///
    /// Its origin is kept until another block is recorded over it.
    pub fn freed(&mut self, base: usize, site: Site) {
        todo!("ps2.shadow.freed: close the block at {base:#x}, remember site {site}")
    }

    /// Records a `realloc` in place. Bytes that are new are uninitialised; bytes given up are a red zone.
    pub fn resized(&mut self, base: usize, new_len: usize, site: Site) {
        todo!("ps2.shadow.resized: the block at {base:#x} has {new_len} bytes, by site {site}")
    }

    /// Marks `addr..addr + len` bad. A granule is bad from its first bad byte on: where the range begins
    /// or ends inside one, the part that the encoding cannot tell is marked bad too.
    pub fn poison(&mut self, addr: usize, len: usize, poison: Poison) {
        todo!("ps2.shadow.poison: mark {len} bytes from {addr:#x} as {poison:?}")
    }

    /// Marks `addr..addr + len` as good, `addr` a multiple of [`GRANULE`]. The last granule's good bytes
    /// are those of the range, or more if more were good.
    pub fn unpoison(&mut self, addr: usize, len: usize) {
        todo!("ps2.shadow.unpoison: mark {len} bytes from {addr:#x} as good")
    }

    /// Whether every byte of `addr..addr + len` may be touched. Outside the shadowed range nothing may:
    /// that is [`Poison::Unallocated`].
    ///
    /// # Errors
    ///
    /// [`BadAccess`] for the lowest bad byte. A partly good granule's reason is that of the next granule
    /// that has one, else [`Poison::RedZone`].
    pub fn check(&self, addr: usize, len: usize, access: Access) -> Result<(), BadAccess> {
        todo!("ps2.shadow.check: may {len} bytes from {addr:#x} be touched? ({access})")
    }

    /// Records that `addr..addr + len` was written with known values.
    pub fn mark_init(&mut self, addr: usize, len: usize) {
        todo!("ps2.shadow.mark_init: {len} bytes from {addr:#x} are known")
    }

    /// Records a copy, as `memmove` makes it: byte by byte the destination is as initialised as the source
    /// was before. Never reports.
    pub fn copy_state(&mut self, src: usize, dst: usize, len: usize) {
        todo!("ps2.shadow.copy_state: move {len} bits from {src:#x} to {dst:#x}, which may overlap")
    }

    /// Whether a decision may hang on `addr..addr + len`.
    ///
    /// # Errors
    ///
    /// [`Uninitialised`] for the lowest unknown byte.
    pub fn branch_on(&self, addr: usize, len: usize) -> Result<(), Uninitialised> {
        todo!("ps2.shadow.branch_on: are {len} bytes from {addr:#x} known?")
    }
}
