//! Allocates in every way, moves, hands over and frees, checks every byte, and prints how often it did what:
//! `blocks THREADS ROUNDS CHILDREN`. The figures are those of its own calls alone; with no rounds, the difference to
//! what an interposer counts is what the language's runtime does besides.

use std::ffi::c_void;
use std::sync::{Barrier, Mutex};

/// Blocks that a thread holds at once, and that it hands over after each phase.
const HELD: usize = 200;
const HANDED: usize = 16;
const PHASES: usize = 10;

/// Where blocks wait for a thread.
type Post = Mutex<Vec<Block>>;

/// How often what was done.
#[derive(Clone, Copy, Default)]
struct Done {
    allocations: u64,
    frees: u64,
    reallocations: u64,
    /// Sizes that were allocated, and what blocks grew by.
    bytes: u64,
}

/// A block, the size that was asked for, and the byte that fills it.
#[derive(Clone, Copy)]
struct Block {
    start: *mut u8,
    size: usize,
    mark: u8,
}

// SAFETY: whoever holds a block owns its memory.
unsafe impl Send for Block {}

struct Worker {
    random: u64,
    done: Done,
}

impl Worker {
    fn pick(&mut self, below: usize) -> usize {
        // Knuth's MMIX generator; its upper bits are good.
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as usize % below
    }

    fn size(&mut self) -> usize {
        // Small ones most often, as in programs.
        let bits = self.pick(13);
        self.pick(2 << bits)
    }

    fn allocate(&mut self) -> Block {
        let (size, way) = (self.size(), self.pick(6));
        let mut start: *mut c_void = std::ptr::null_mut();
        // SAFETY: C's functions, used as C says.
        unsafe {
            match way {
                0 => start = libc::calloc(size, 1),
                1 => assert_eq!(libc::posix_memalign(&raw mut start, 256, size), 0),
                2 => start = libc::memalign(64, size),
                3 => start = libc::realloc(std::ptr::null_mut(), size),
                _ => start = libc::malloc(size),
            }
        }
        assert!(!start.is_null() && (way != 1 || start.addr().is_multiple_of(256)));
        self.done.allocations += 1;
        self.done.bytes += size as u64;
        let block = Block { start: start.cast(), size, mark: self.pick(256) as u8 };
        // SAFETY: the block has that many bytes, which only we know.
        unsafe {
            assert!(
                way != 0 || (0..size).all(|at| block.start.add(at).read() == 0),
                "calloc gave what is not zero"
            );
            block.start.write_bytes(block.mark, size);
        }
        block
    }

    fn reallocate(&mut self, block: Block) -> Block {
        // Not to zero, which would be a free.
        let size = self.size() + 1;
        block.check(block.size);
        // SAFETY: the block is live and ours.
        let start = unsafe { libc::realloc(block.start.cast(), size) }.cast::<u8>();
        assert!(!start.is_null());
        self.done.reallocations += 1;
        self.done.bytes += size.saturating_sub(block.size) as u64;
        let moved = Block { start, size, ..block };
        moved.check(size.min(block.size));
        // SAFETY: the block has that many bytes.
        unsafe { start.write_bytes(block.mark, size) };
        moved
    }

    fn free(&mut self, block: Block) {
        block.check(block.size);
        self.done.frees += 1;
        // SAFETY: the block is live and ours. Size zero frees too.
        unsafe {
            if self.pick(8) == 0 {
                libc::realloc(block.start.cast(), 0);
            } else {
                libc::free(block.start.cast());
            }
        }
    }

    /// Works, and leaves what it held at the end.
    fn work(&mut self, rounds: usize, held: &mut Vec<Block>) {
        for _ in 0..rounds {
            match self.pick(8) {
                0..=3 if held.len() < HELD => held.push(self.allocate()),
                4 | 5 if !held.is_empty() => {
                    let at = self.pick(held.len());
                    held[at] = self.reallocate(held[at]);
                }
                _ if !held.is_empty() => {
                    let at = self.pick(held.len());
                    let block = held.swap_remove(at);
                    self.free(block);
                }
                _ => {}
            }
        }
    }

    /// Works in phases; after each, hands blocks to `next` and frees those that came in `own`. All threads hand over
    /// before one takes, so that each run does the same.
    fn work_beside(&mut self, rounds: usize, held: &mut Vec<Block>, post: (&Post, &Post), all: &Barrier) {
        for _ in 0..PHASES {
            self.work(rounds / PHASES, held);
            let kept = held.len().saturating_sub(HANDED);
            post.1.lock().expect("no thread panics with it").extend(held.drain(kept..));
            all.wait();
            let mut came = post.0.lock().expect("no thread panics with it");
            came.drain(..).for_each(|block| self.free(block));
            drop(came);
            all.wait();
        }
    }
}

impl Block {
    fn check(&self, bytes: usize) {
        // SAFETY: the block has that many bytes.
        let own = |at: usize| unsafe { self.start.add(at).read() == self.mark };
        assert!((0..bytes).all(own), "a block was overwritten, or moved without its contents");
    }
}

fn tell(who: &str, done: Done, live: usize, live_bytes: usize) {
    let Done { allocations, frees, reallocations, bytes } = done;
    println!("{who} {allocations} {frees} {reallocations} {bytes} {live} {live_bytes}");
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse().expect("a number"));
    let mut next = || arguments.next().expect("THREADS ROUNDS CHILDREN");
    let (threads, rounds, children): (usize, usize, usize) = (next(), next(), next());
    let posts: Vec<Post> = (0..threads).map(|_| Mutex::new(Vec::with_capacity(HANDED))).collect();
    let all = Barrier::new(threads);
    let mut done = Done::default();
    let mut held: Vec<Block> = Vec::with_capacity(HELD * threads);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                let (post, all) = ((&posts[number], &posts[(number + 1) % threads]), &all);
                scope.spawn(move || {
                    let mut worker = Worker { random: number as u64, done: Done::default() };
                    let mut held = Vec::with_capacity(HELD);
                    // All are there before one begins, so that none gets the stack of one that has ended.
                    all.wait();
                    worker.work_beside(rounds, &mut held, post, all);
                    (worker.done, held)
                })
            })
            .collect();
        for worker in workers {
            let (its, left) = worker.join().expect("a worker ends well");
            done.allocations += its.allocations;
            done.frees += its.frees;
            done.reallocations += its.reallocations;
            done.bytes += its.bytes;
            held.extend(left);
        }
    });
    held.iter().for_each(|block| block.check(block.size));
    tell("program", done, held.len(), held.iter().map(|block| block.size).sum());
    for child in 0..children {
        // SAFETY: there is one thread; the child allocates, prints and ends.
        let process = unsafe { libc::fork() };
        if process == 0 {
            let mut worker = Worker { random: child as u64 + 1000, done: Done::default() };
            // What it inherited it may free: no interposer of its own knows of it.
            held.drain(held.len() / 2..).for_each(|block| worker.free(block));
            worker.done.frees = 0;
            let mut own = Vec::with_capacity(HELD);
            worker.work(rounds, &mut own);
            tell("child", worker.done, own.len(), own.iter().map(|block| block.size).sum());
            // SAFETY: ends the child.
            unsafe { libc::_exit(child as i32 + 10) };
        }
        let mut status = 0;
        // SAFETY: the child is ours to wait for.
        unsafe { libc::waitpid(process, &raw mut status, 0) };
        println!("ended with {}", libc::WEXITSTATUS(status));
    }
}
