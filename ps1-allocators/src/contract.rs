//! Pins every public signature of the listed files: what the driver and the checks call.
//!
//! An error here means that a listed file no longer has the signature that its skeleton gave.

mod buddy {
    use crate::buddy::Buddy;
    use heap_api::{RawAllocator, Region};

    const _: fn(Region) -> Buddy = Buddy::new;
    const _: fn() = || {
        fn is<T: RawAllocator + Send>() {}
        is::<Buddy>();
    };
}
