//! Random events and sizes. Any event may follow any other, so that nothing stands in the way of shrinking.

use crate::protocol::patterns::{Event, Step};
use testkit::proptest::prelude::*;

/// Sizes of every magnitude, and those beside the powers of two.
pub fn sizes() -> impl Strategy<Value = u64> {
    let magnitude = (0..64_u32, any::<u64>()).prop_map(|(bits, word)| word >> bits);
    let edge = (0..64_u32, 0..3_u64).prop_map(|(power, more)| ((1_u64 << power) - 1).saturating_add(more));
    prop_oneof![2 => 0..100_u64, 2 => magnitude, 1 => edge, 1 => Just(u64::MAX)]
}

/// Up to `longest` events of `threads` threads on a few addresses.
pub fn steps(
    threads: u8,
    longest: usize,
    addresses: &'static [u64],
    sizes: impl Strategy<Value = u64> + Clone,
) -> impl Strategy<Value = Vec<Step>> {
    let address = || prop::sample::select(addresses);
    let site = prop_oneof![4 => 0..3_u32, 1 => any::<u32>()];
    let event = prop_oneof![
        4 => (address(), sizes.clone(), site).prop_map(|(block, size, site)| Event::Allocated(block, size, site)),
        2 => (address(), address(), sizes).prop_map(|(from, to, new_size)| Event::Moved(from, to, new_size)),
        4 => address().prop_map(Event::Freed),
    ];
    let step = (0..threads, event).prop_map(|(thread, event)| Step { thread, event });
    prop::collection::vec(step, 1..=longest)
}
