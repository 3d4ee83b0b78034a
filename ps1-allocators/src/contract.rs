//! Pins every public signature of the listed files: what the driver and the checks call.
//!
//! An error here means that a listed file no longer has the signature that its skeleton gave.

#![expect(clippy::type_complexity, reason = "a signature is spelled out here, not abbreviated")]

mod buddy {
    use crate::buddy::Buddy;
    use heap_api::{RawAllocator, Region};

    const _: fn(Region) -> Buddy = Buddy::new;
    const _: fn() = || {
        fn is<T: RawAllocator + Send>() {}
        is::<Buddy>();
    };
}

mod slab {
    use crate::slab::{RemoteList, Slab, class_size};
    use heap_api::{RawAllocator, Region};

    const _: fn(usize, usize) -> Option<usize> = class_size;
    const _: fn(u32) -> RemoteList = RemoteList::new;
    const _: fn(&RemoteList, u32) = RemoteList::push;
    const _: fn(&RemoteList, &mut Vec<u32>) -> usize = RemoteList::take_all;
    const _: fn(Region) -> Slab = Slab::new;
    const _: fn(&mut Slab) -> usize = Slab::shrink;
    const _: fn(&mut Slab, &RemoteList) -> usize = Slab::collect;
    const _: fn() = || {
        fn is<T: RawAllocator + Send>() {}
        fn shared<T: Send + Sync>() {}
        is::<Slab>();
        shared::<RemoteList>();
    };
}

mod pool {
    use crate::pool::{FreeStack, Full, Key, Pool, PoolBox, SharedPool};
    use core::num::NonZeroU32;
    use core::ops::DerefMut;

    const _: fn(u32) -> Pool<u64> = Pool::new;
    const _: fn(&mut Pool<u64>, u64) -> Result<Key, Full<u64>> = Pool::insert;
    const _: fn(&mut Pool<u64>, Key) -> Option<u64> = Pool::remove;
    const _: fn(&Pool<u64>, Key) -> Option<&u64> = Pool::get;
    const _: fn(&mut Pool<u64>, Key) -> Option<&mut u64> = Pool::get_mut;
    const _: fn(&Pool<u64>) -> usize = Pool::len;
    const _: fn(&Pool<u64>) -> bool = Pool::is_empty;
    const _: fn(&Pool<u64>) -> usize = Pool::capacity;
    const _: fn(&Pool<u64>, Key) -> bool = Pool::contains;
    const _: fn(u32) -> FreeStack = FreeStack::new;
    const _: fn(&FreeStack) -> Option<u32> = FreeStack::pop;
    const _: fn(&FreeStack, u32) = FreeStack::push;
    const _: fn(u32) -> SharedPool<u64> = SharedPool::new;
    const _: for<'a> fn(&'a SharedPool<u64>, u64) -> Result<PoolBox<'a, u64>, Full<u64>> = SharedPool::insert;
    const _: fn(&SharedPool<u64>) -> usize = SharedPool::capacity;
    const _: fn(PoolBox<'static, u64>) -> u64 = PoolBox::take;
    const _: fn() = || {
        fn shared<T: Send + Sync>() {}
        fn holds<T: DerefMut<Target = u64>>() {}
        shared::<FreeStack>();
        shared::<SharedPool<u64>>();
        holds::<PoolBox<'static, u64>>();
        shared::<PoolBox<'static, u64>>();
        shared::<Pool<u64>>();
    };
    const _: fn() -> Key = || Key { index: 0, generation: NonZeroU32::MIN };
}

mod comparison {
    use crate::comparison::{Clock, Estimate, Op, Run, Subject, estimate, paired, percentile};
    use crate::comparison::{run, utilisation, workload};

    type Body<'a> = &'a mut dyn FnMut();
    type Time<'a> = &'a mut dyn Clock;

    const _: fn(u64, usize, usize) -> Vec<Op> = workload;
    const _: fn(&mut dyn Subject, &[Op], Time<'_>) -> Run = run;
    const _: fn(&[Op], &mut dyn FnMut(usize) -> usize) -> Vec<f64> = utilisation;
    const _: fn(&mut [u64], f64) -> Option<u64> = percentile;
    const _: fn(Body<'_>, Body<'_>, Time<'_>, (usize, usize), u64) -> Vec<f64> = paired;
    const _: fn(&[f64], usize, u64) -> Option<Estimate> = estimate;
}

mod ordering {
    use crate::ordering::{Consumer, Litmus, Model, Producer, SeqLock, outcomes, ring};

    const _: fn(usize) -> (Producer<u64>, Consumer<u64>) = ring;
    const _: fn(&mut Producer<u64>, u64) -> Result<(), u64> = Producer::push;
    const _: fn(&mut Consumer<u64>) -> Option<u64> = Consumer::pop;
    const _: fn([u64; 2]) -> SeqLock = SeqLock::new;
    const _: fn(&SeqLock, [u64; 2]) = SeqLock::write;
    const _: fn(&SeqLock) -> Option<[u64; 2]> = SeqLock::try_read;
    const _: fn(&[Vec<Litmus>], Model) -> Vec<Vec<u64>> = outcomes;
    const _: fn() = || {
        fn sent<T: Send>() {}
        fn shared<T: Send + Sync>() {}
        sent::<Producer<u64>>();
        sent::<Consumer<u64>>();
        shared::<SeqLock>();
    };
}
