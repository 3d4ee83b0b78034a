//! What was taken out is the caller's.

use ps1_allocators::pool::{PoolBox, SharedPool};

fn main() {
    let pool = SharedPool::new(1);
    let boxed = pool.insert("a value".to_owned()).expect("a free slot");
    assert_eq!(*boxed, "a value");
    let value = PoolBox::take(boxed);
    assert_eq!(value, "a value");
}
