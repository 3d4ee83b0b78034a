//! The driver's values: a payload that can be told, and a count of drops for each id.

use crate::protocol::pool::Held;
use driverkit::payload;
use std::cell::RefCell;

thread_local! {
    static LEDGER: RefCell<Ledger> = const { RefCell::new(Ledger { seed: 0, drops: Vec::new(), strays: 0 }) };
}

/// What became of the values of a program. Under loom too there is one, since its threads are one of ours.
struct Ledger {
    /// What the payloads come from.
    seed: u64,
    /// By id.
    drops: Vec<u32>,
    /// Drops of what is no value: memory that was never filled, or was overwritten.
    strays: u32,
}

/// Begins a ledger for a program.
pub fn open(seed: u64) {
    LEDGER.with_borrow_mut(|ledger| *ledger = Ledger { seed, drops: Vec::new(), strays: 0 });
}

/// The drops of each id, and those of what is no value.
pub fn drops() -> (Vec<u32>, u32) {
    LEDGER.with_borrow(|ledger| (ledger.drops.clone(), ledger.strays))
}

/// A value that a program names by an id.
pub trait Value: Sized {
    /// The value of an id. None of it has been dropped yet.
    fn new(id: u32) -> Self;
    /// What it holds now, where it lies now.
    fn held(&self) -> Held;
}

/// A value with a payload of `LEN` bytes, aligned as `A`.
pub struct Filled<const LEN: usize, A> {
    id: u32,
    bytes: [u8; LEN],
    aligned: [A; 0],
}

/// Aligned to 64.
#[cfg(not(feature = "loom"))]
#[repr(align(64))]
pub struct Line;

impl<const LEN: usize, A> Filled<LEN, A> {
    fn digest(&self) -> u64 {
        // SAFETY: the array is as long as that, and initialised.
        unsafe { payload::digest(self.bytes.as_ptr(), LEN) }
    }
}

impl<const LEN: usize, A> Value for Filled<LEN, A> {
    fn new(id: u32) -> Self {
        let seed = LEDGER.with_borrow_mut(|ledger| {
            let ids = ledger.drops.len().max(id as usize + 1);
            ledger.drops.resize(ids, 0);
            ledger.seed
        });
        let mut bytes = [0; LEN];
        // SAFETY: the array is as long as that.
        unsafe { payload::fill(bytes.as_mut_ptr(), LEN, payload::key(seed, id)) };
        Self { id, bytes, aligned: [] }
    }

    fn held(&self) -> Held {
        let drops =
            LEDGER.with_borrow(|ledger| ledger.drops.get(self.id as usize).copied().unwrap_or(u32::MAX));
        let aligned = self.aligned.as_ptr().addr().is_multiple_of(align_of::<A>());
        Held { digest: self.digest(), drops, aligned }
    }
}

impl<const LEN: usize, A> Drop for Filled<LEN, A> {
    fn drop(&mut self) {
        let digest = self.digest();
        LEDGER.with_borrow_mut(|ledger| {
            let sound = digest == payload::expected(LEN, payload::key(ledger.seed, self.id));
            match ledger.drops.get_mut(self.id as usize) {
                Some(drops) if sound => *drops += 1,
                _ => ledger.strays += 1,
            }
        });
    }
}

/// A value without bytes: all count as id 0.
#[cfg(not(feature = "loom"))]
pub struct Empty;

#[cfg(not(feature = "loom"))]
impl Value for Empty {
    fn new(_: u32) -> Self {
        LEDGER.with_borrow_mut(|ledger| ledger.drops.resize(1, 0));
        Self
    }

    fn held(&self) -> Held {
        let drops = LEDGER.with_borrow(|ledger| ledger.drops.first().copied().unwrap_or(u32::MAX));
        Held { digest: 0, drops, aligned: true }
    }
}

#[cfg(not(feature = "loom"))]
impl Drop for Empty {
    fn drop(&mut self) {
        LEDGER.with_borrow_mut(|ledger| match ledger.drops.first_mut() {
            Some(drops) => *drops += 1,
            None => ledger.strays += 1,
        });
    }
}
