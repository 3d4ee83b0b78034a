//! Taking the value out gives the slot back, so the box may no longer be used.

use ps1_allocators::pool::{PoolBox, SharedPool};

fn main() {
    let pool = SharedPool::new(1);
    let boxed = pool.insert("a value".to_owned()).expect("a free slot");
    let value = PoolBox::take(boxed);
    assert_eq!(PoolBox::take(boxed), value); //~ E0382
}
