//! Exercise 1.2: how its requests reach the student's `Slab` and `RemoteList`.

#[cfg(not(feature = "loom"))]
mod together;

#[cfg(not(feature = "loom"))]
pub use plain::carry_out;

#[cfg(not(feature = "loom"))]
mod plain {
    use super::super::peers::{Alone, Global, LockedList};
    use super::together;
    use crate::protocol::slab::{Job, ListStep, OBJECTS, Taken};
    use driverkit::Replies;
    use driverkit::heap::{self, Housekeeping, Program, Stress};
    use heap_api::{AllocError, Extent, FreeError, RawAllocator, Region};
    use ps1_allocators::per_thread::PerThread;
    use ps1_allocators::slab::{GRANULE, RemoteList, Slab, class_size};
    use std::alloc::{Layout, System};
    use std::ptr::NonNull;

    /// Carries out a job.
    pub fn carry_out(job: Job, replies: &mut Replies) {
        match job {
            Job::Run(program) => run(&program, replies),
            Job::Classes(asked) => {
                let class = |(size, align): (u64, u64)| class_size(size as usize, align as usize);
                let classes: Vec<_> = asked.into_iter().map(class).collect();
                replies
                    .send(&classes.into_iter().map(|size| size.map(|size| size as u64)).collect::<Vec<_>>());
            }
            Job::List(steps) => replies.send(&list(&steps)),
            Job::BesideSystem(replay) => {
                heap::time_anywhere(Slab::new, |_| Alone(Global(System)), &replay, replies);
            }
            Job::BesideList(replay) => {
                heap::time(Slab::new, |region| Alone(LockedList::new(region)), &replay, replies);
            }
            Job::Together(together) => together::time(&together, replies),
            Job::Stress(stress) => threads(&stress, replies),
            // Models need the other build of this driver; a judge that asks this one gets no reply.
            Job::Model(_) => {}
        }
    }

    /// A slab with a remote list, which is made when it is first needed: it is no part of a program that does
    /// not free from afar, nor of its footprint.
    struct WithRemote {
        slab: Slab,
        objects: u32,
        remote: Option<RemoteList>,
    }

    impl WithRemote {
        fn remote(&mut self) -> &RemoteList {
            self.remote.get_or_insert_with(|| RemoteList::new(self.objects))
        }
    }

    // SAFETY: every call goes to the slab, which keeps the contract.
    unsafe impl RawAllocator for WithRemote {
        fn allocate(&mut self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
            self.slab.allocate(layout)
        }

        unsafe fn deallocate(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
            // SAFETY: the caller's contract is the same.
            unsafe { self.slab.deallocate(block, layout) }
        }

        unsafe fn reallocate(
            &mut self,
            block: NonNull<u8>,
            old: Layout,
            new_size: usize,
        ) -> Result<NonNull<[u8]>, AllocError> {
            // SAFETY: the caller's contract is the same.
            unsafe { self.slab.reallocate(block, old, new_size) }
        }

        fn walk(&self, visit: &mut dyn FnMut(Extent)) {
            self.slab.walk(visit);
        }
    }

    fn run(program: &Program, replies: &mut Replies) {
        let new = |region: Region| {
            let objects = u32::try_from(region.len() / GRANULE).unwrap_or(u32::MAX);
            WithRemote { slab: Slab::new(region), objects, remote: None }
        };
        let housekeeping = Housekeeping {
            shrink: |own: &mut WithRemote| own.slab.shrink(),
            deallocate_remotely: |own, offset| own.remote().push((offset / GRANULE) as u32),
            collect: |own| {
                own.remote();
                own.remote.as_ref().map_or(0, |remote| own.slab.collect(remote))
            },
        };
        heap::carry_out_with(new, Some(housekeeping), program, replies);
    }

    fn list(steps: &[ListStep]) -> Vec<Taken> {
        let list = RemoteList::new(OBJECTS);
        let mut takes = Vec::new();
        for step in steps {
            match *step {
                ListStep::Push(object) => list.push(object),
                ListStep::Take => {
                    let mut before = vec![1_000_000 + takes.len() as u32];
                    let count = list.take_all(&mut before) as u64;
                    let objects = before.split_off(before.len().min(1));
                    takes.push(Taken { count, before, objects });
                }
            }
        }
        takes
    }

    /// As many homes as threads and one for the thread that waits for them, in equal parts of the region.
    fn threads(stress: &Stress, replies: &mut Replies) {
        let homes = stress.threads as usize + 1;
        let regions: Option<Vec<Region>> =
            (0..homes).map(|_| Region::map(stress.region as usize / homes).ok()).collect();
        if let Some(regions) = regions {
            replies.send(&heap::stress(&PerThread::new(regions), stress));
        }
    }
}

#[cfg(feature = "loom")]
pub use model::carry_out;

#[cfg(feature = "loom")]
mod model {
    use crate::protocol::slab::{Job, Model, Outcome};
    use driverkit::Replies;
    use heap_api::sync::Arc;
    use heap_api::sync::atomic::{AtomicU64, Ordering};
    use ps1_allocators::slab::RemoteList;
    use std::collections::BTreeSet;
    use std::sync::{Arc as StdArc, Mutex, PoisonError};

    /// Carries out a model: under loom nothing else, since loom's types work nowhere else.
    pub fn carry_out(job: Job, replies: &mut Replies) {
        if let Job::Model(model) = job {
            replies.send(&outcomes(&model));
        }
    }

    /// The outcomes of all interleavings, each once, in order.
    fn outcomes(model: &Model) -> Vec<Outcome> {
        // The set lives outside the model: loom runs the closure once an interleaving.
        let seen = StdArc::new(Mutex::new(BTreeSet::new()));
        let (gather, model) = (seen.clone(), model.clone());
        loom::model(move || {
            if let Some(outcome) = interleaving(&model) {
                gather.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
            }
        });
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().cloned().collect()
    }

    /// A list, and what stands in each object. Written and read Relaxed, so that only the list's own orderings
    /// carry what was written.
    struct Shared {
        list: RemoteList,
        contents: Vec<AtomicU64>,
    }

    impl Shared {
        fn take(&self) -> Vec<(u32, u64)> {
            let mut taken = Vec::new();
            let count = self.list.take_all(&mut taken);
            let read = |object: u32| {
                let value = self.contents.get(object as usize).map(|value| value.load(Ordering::Relaxed));
                (object, value.unwrap_or(0))
            };
            let mut taken: Vec<_> = taken.into_iter().map(read).collect();
            taken.sort_unstable();
            // A wrong count is an outcome that no list has.
            if count != taken.len() {
                taken.push((u32::MAX, count as u64));
            }
            taken
        }
    }

    fn interleaving(model: &Model) -> Option<Outcome> {
        let objects = model.pushers.iter().flatten().max().map_or(0, |largest| largest + 1);
        let contents = (0..objects).map(|_| AtomicU64::new(0)).collect();
        let shared = Arc::new(Shared { list: RemoteList::new(objects), contents });
        let pushers: Vec<_> = model
            .pushers
            .iter()
            .map(|own| {
                let (shared, own, model) = (shared.clone(), own.clone(), model.clone());
                heap_api::thread::spawn(move || {
                    for object in own {
                        shared.contents[object as usize].store(model.written(object), Ordering::Relaxed);
                        shared.list.push(object);
                    }
                })
            })
            .collect();
        let mut outcome: Outcome = (0..model.takes).map(|_| shared.take()).collect();
        for pusher in pushers {
            pusher.join().ok()?;
        }
        outcome.push(shared.take());
        Some(outcome)
    }
}
