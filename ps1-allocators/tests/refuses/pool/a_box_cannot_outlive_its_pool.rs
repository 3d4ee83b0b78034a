//! A box borrows the pool that its value lies in.

use ps1_allocators::pool::SharedPool;

fn main() {
    let pool = SharedPool::new(1);
    let boxed = pool.insert(1_u64).expect("a free slot");
    drop(pool); //~ E0505
    assert_eq!(*boxed, 1);
}
