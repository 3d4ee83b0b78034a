//! Loom's atomics, with each ordering that is asked for noted in [`crate::ordering_sites`], which may also forge a load.

use crate::ordering_sites::{Part, given, granted};
use core::fmt;
use loom::sync::atomic as looms;

pub use core::sync::atomic::Ordering;

/// What the caller's caller gets for what it asks.
#[track_caller]
fn order(part: Part, asked: Ordering) -> Ordering {
    granted(part, asked).unwrap_or(asked)
}

/// A fence.
#[track_caller]
pub fn fence(asked: Ordering) {
    if let Some(order) = granted(Part::Fence, asked) {
        looms::fence(order);
    }
}

/// What an atomic holds.
trait Held: Sized {
    /// What a load gives that has found this.
    fn given(self) -> Self;
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Held for $number {
            fn given(self) -> Self {
                given(self as u64) as $number
            }
        })*
    };
}

numbers!(u8, u16, u32, u64, usize);

impl Held for bool {
    fn given(self) -> Self {
        self
    }
}

impl<T> Held for *mut T {
    fn given(self) -> Self {
        self
    }
}

macro_rules! watched {
    ($name:ident $(<$of:ident>)?, $value:ty, $($fetch:ident)*) => {
        /// Loom's atomic of the same name, watched.
        pub struct $name$(<$of>)?(looms::$name$(<$of>)?);

        impl$(<$of>)? $name$(<$of>)? {
            /// Holds `value`.
            #[track_caller]
            pub fn new(value: $value) -> Self {
                Self(looms::$name::new(value))
            }

            /// The value.
            #[track_caller]
            pub fn into_inner(self) -> $value {
                self.0.into_inner()
            }

            /// Loads.
            #[track_caller]
            pub fn load(&self, asked: Ordering) -> $value {
                self.0.load(order(Part::Load, asked)).given()
            }

            /// Stores.
            #[track_caller]
            pub fn store(&self, value: $value, asked: Ordering) {
                self.0.store(value, order(Part::Store, asked));
            }

            /// Stores, and gives what was there.
            #[track_caller]
            pub fn swap(&self, value: $value, asked: Ordering) -> $value {
                self.0.swap(value, order(Part::Update, asked)).given()
            }

            /// Stores if `current` is there; gives what was there.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let (success, failure) =
                    (order(Part::Update, success), order(Part::FailedExchange, failure));
                let found = self.0.compare_exchange(current, new, success, failure);
                found.map(Held::given).map_err(Held::given)
            }

            /// Stores if `current` is there; loom has it never fail without reason.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let (success, failure) =
                    (order(Part::Update, success), order(Part::FailedExchange, failure));
                let found = self.0.compare_exchange_weak(current, new, success, failure);
                found.map(Held::given).map_err(Held::given)
            }

            /// Loads, and exchanges for what `update` makes of it, until that succeeds or is `None`.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                update: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let (set, fetch) = (order(Part::Update, set), order(Part::FailedExchange, fetch));
                self.0.fetch_update(set, fetch, update).map(Held::given).map_err(Held::given)
            }

            $(
                /// As the standard library's.
                #[track_caller]
                pub fn $fetch(&self, value: $value, asked: Ordering) -> $value {
                    self.0.$fetch(value, order(Part::Update, asked)).given()
                }
            )*
        }

        impl$(<$of>)? fmt::Debug for $name$(<$of>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl$(<$of>)? Default for $name$(<$of>)? {
            fn default() -> Self {
                Self(looms::$name::default())
            }
        }

        impl$(<$of>)? From<$value> for $name$(<$of>)? {
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }
    };
}

macro_rules! watched_numbers {
    ($($name:ident $value:ty),*) => {
        $(watched!($name, $value,
            fetch_add fetch_sub fetch_and fetch_nand fetch_or fetch_xor fetch_max fetch_min);)*
    };
}

watched_numbers!(AtomicU8 u8, AtomicU16 u16, AtomicU32 u32, AtomicU64 u64, AtomicUsize usize);
watched!(AtomicBool, bool, fetch_and fetch_nand fetch_or fetch_xor);
watched!(AtomicPtr<T>, *mut T,);
