//! Extra credit: x86-64 paging and a tagged TLB.
//!
//! ```text
//!   virtual   │ sign │ level 4: 9 │ level 3: 9 │ level 2: 9 │ level 1: 9 │ offset: 12 │
//!   entry     │ NX 63 │ … │ frame 51..12 │ … │ PS 7 │ … │ U 2 │ W 1 │ P 0 │
//!   PS at level 3 maps 1 GiB, at level 2 2 MiB
//! ```
//!
//! Source: Intel SDM volume 3, chapter 4 (sections 4.5 paging, 4.6 access rights, 4.10 TLBs and PCIDs).

/// Words of physical memory and free frames.
pub trait Physical {
    /// The 8 bytes at `addr`, a multiple of 8.
    fn read(&mut self, addr: u64) -> u64;
    /// Stores 8 bytes at `addr`, a multiple of 8.
    fn write(&mut self, addr: u64, value: u64);
    /// A zeroed frame's address; `None` when there is none.
    fn frame(&mut self) -> Option<u64>;
}

/// What a mapping allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allows {
    /// Stores.
    pub write: bool,
    /// User mode.
    pub user: bool,
    /// Instruction fetches.
    pub execute: bool,
}

/// A page's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageSize {
    /// 4 KiB.
    Small,
    /// 2 MiB.
    Large,
    /// 1 GiB.
    Huge,
}

/// A translation: the address, and what all levels together allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Translation {
    /// The physical address.
    pub addr: u64,
    /// Permissions of all levels, ANDed.
    pub allows: Allows,
    /// The page it lies in.
    pub size: PageSize,
}

/// Why an address could not be mapped or translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PagingError {
    /// Bits 63 to 47 are not all alike.
    NotCanonical,
    /// Not aligned to the page's size.
    Misaligned,
    /// No entry at this level (4 is the root's).
    NotPresent(u8),
    /// Something is mapped there already.
    Occupied,
    /// No frame is left for a table.
    NoFrame,
}

/// A four-level page table.
#[derive(Debug)]
pub struct PageTable {}

impl PageTable {
    /// An empty table. `None` without a frame for its root.
    pub fn new(memory: &mut dyn Physical) -> Option<Self> {
        todo!("ps3.paging.new: a zeroed root ({:p})", &raw const *memory)
    }

    /// Maps one page. Nothing is changed that can be seen by `translate` on an error.
    ///
    /// # Errors
    ///
    /// [`PagingError`].
    pub fn map(
        &mut self,
        memory: &mut dyn Physical,
        from: u64,
        to: u64,
        size: PageSize,
        allows: Allows,
    ) -> Result<(), PagingError> {
        let memory = &raw const *memory;
        todo!("ps3.paging.map: {from:#x} to {to:#x}, {size:?}, {allows:?} ({memory:p})")
    }

    /// Unmaps the page that holds `addr`.
    ///
    /// # Errors
    ///
    /// [`PagingError::NotPresent`], [`PagingError::NotCanonical`].
    pub fn unmap(&mut self, memory: &mut dyn Physical, addr: u64) -> Result<PageSize, PagingError> {
        todo!("ps3.paging.unmap: the page of {addr:#x} ({:p})", &raw const *memory)
    }

    /// Walks the table: one read a level, and no more.
    ///
    /// # Errors
    ///
    /// [`PagingError::NotPresent`], [`PagingError::NotCanonical`].
    pub fn translate(&self, memory: &mut dyn Physical, addr: u64) -> Result<Translation, PagingError> {
        todo!("ps3.paging.translate: walk for {addr:#x} ({:p})", &raw const *memory)
    }
}

/// A fully associative TLB, tagged by address space, least recently used out first.
#[derive(Debug)]
pub struct Tlb {}

impl Tlb {
    /// An empty one of `entries` entries.
    pub fn new(entries: usize) -> Self {
        todo!("ps3.paging.tlb_new: {entries} entries")
    }

    /// The cached translation of `addr` in address space `asid`.
    pub fn lookup(&mut self, asid: u16, addr: u64) -> Option<Translation> {
        todo!("ps3.paging.lookup: {addr:#x} in {asid}")
    }

    /// Caches the page that holds `addr`.
    pub fn insert(&mut self, asid: u16, addr: u64, translation: Translation) {
        todo!("ps3.paging.insert: {addr:#x} in {asid} is {translation:?}")
    }

    /// Forgets the page of `addr` in one address space (a shoot-down), or all of that space's.
    pub fn shoot_down(&mut self, asid: u16, addr: Option<u64>) {
        todo!("ps3.paging.shoot_down: forget {addr:x?} in {asid}")
    }
}
