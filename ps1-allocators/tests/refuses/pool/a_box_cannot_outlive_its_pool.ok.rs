//! The box goes first.

use ps1_allocators::pool::SharedPool;

fn main() {
    let pool = SharedPool::new(1);
    let boxed = pool.insert(1_u64).expect("a free slot");
    assert_eq!(*boxed, 1);
    drop(boxed);
    drop(pool);
}
