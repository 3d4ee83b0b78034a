//! A program with the profiler in it, for where nothing is preloaded: `built_in THREADS ROUNDS CHILDREN`.
//!
//! It allocates in each way that Rust has, resizes, hands over and frees, on threads, in what they destroy as they end,
//! and in a handler that runs after `main`; checks every byte; and prints how often it did what. As with `blocks`, the
//! figures are those of its own calls alone: with no rounds, what is told is what the language's runtime does besides.

mod block;

use block::{Block, DONE, Random, TOO_MUCH, print};
use lab1_profiler::profiled::Profiled;
use std::alloc::System;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};

#[global_allocator]
static HEAP: Profiled<System> = Profiled::new(&System);

/// Blocks that a thread holds at once, and that it hands over after each phase.
const HELD: usize = 200;
const HANDED: usize = 16;
const PHASES: usize = 10;

/// The rounds of each thread, for the handler.
static ROUNDS: AtomicU64 = AtomicU64::new(0);

/// Where blocks wait for a thread.
type Post = Mutex<Vec<Block>>;

/// What a thread has for itself. Goes on when it is destroyed.
struct Worker {
    random: Random,
    rounds: usize,
    held: Vec<Block>,
}

std::thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

impl Worker {
    fn new(number: usize, rounds: usize) -> Self {
        // It never grows, so that the runtime's own calls are the same whatever the rounds.
        Self { random: Random(number as u64), rounds, held: Vec::with_capacity(HELD) }
    }

    fn work(&mut self, rounds: usize) {
        for _ in 0..rounds {
            match self.random.below(8) {
                0..=3 if self.held.len() < HELD => self.held.push(Block::new(&mut self.random)),
                4 | 5 if !self.held.is_empty() => {
                    let at = self.random.below(self.held.len());
                    if self.random.below(50) == 0 {
                        Block::ask_too_much();
                        self.held[at].resize(TOO_MUCH);
                    }
                    self.held[at].resize(self.random.size());
                }
                _ if !self.held.is_empty() => {
                    let at = self.random.below(self.held.len());
                    self.held.swap_remove(at);
                }
                _ => {}
            }
        }
    }

    /// Works in phases; after each, hands blocks over, and resizes and frees those that came. All threads hand over
    /// before one takes, so that each run does the same.
    fn work_beside(&mut self, own: &Post, next: &Post, all: &Barrier) {
        for _ in 0..PHASES {
            self.work(self.rounds / PHASES);
            let kept = self.held.len().saturating_sub(HANDED);
            next.lock().expect("no thread panics with it").extend(self.held.drain(kept..));
            all.wait();
            for mut block in own.lock().expect("no thread panics with it").drain(..) {
                if self.random.below(2) == 0 {
                    block.resize(self.random.size());
                }
            }
            all.wait();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.work(self.rounds / PHASES);
        // One stays for good; the others are freed after this.
        std::mem::forget(self.held.pop());
    }
}

/// After `main` and the first thread's variables, and before the profiler of this process ends.
extern "C" fn handler() {
    // A child's profiler began later than this handler, so it has ended.
    if DONE.child.load(Relaxed) == 0 && ROUNDS.load(Relaxed) > 0 {
        let mut block = Block::new(&mut Random(1));
        block.resize(5000);
    }
    DONE.tell();
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse().expect("a number"));
    let mut next = || arguments.next().expect("THREADS ROUNDS CHILDREN");
    let (threads, rounds, children): (usize, usize, usize) = (next(), next(), next());
    ROUNDS.store(rounds as u64, Relaxed);
    // SAFETY: `handler` may run at any exit.
    unsafe { libc::atexit(handler) };
    let begin = |number: usize| WORKER.set(Some(Worker::new(number, rounds)));
    let with = |work: &dyn Fn(&mut Worker)| WORKER.with_borrow_mut(|worker| worker.iter_mut().for_each(work));
    let posts: Vec<Post> = (0..threads).map(|_| Mutex::new(Vec::with_capacity(HANDED))).collect();
    let all = Barrier::new(threads);
    std::thread::scope(|scope| {
        let start = |number: usize| {
            let (own, next, all) = (&posts[number], &posts[(number + 1) % threads], &all);
            scope.spawn(move || {
                begin(number);
                // All are there before one begins, so that none gets the stack of one that has ended.
                all.wait();
                with(&|worker| worker.work_beside(own, next, all));
            })
        };
        let workers: Vec<_> = (0..threads).map(start).collect();
        // A scope does not wait for what threads destroy; to join them does.
        workers.into_iter().for_each(|worker| worker.join().expect("a worker ends well"));
    });
    begin(threads);
    with(&|worker| worker.work(rounds));
    for child in 1..=children {
        // SAFETY: there is one thread; the child allocates, prints and ends.
        let process = unsafe { libc::fork() };
        if process == 0 {
            DONE.begin_again(child as u64);
            with(&|worker| inherit(worker));
            std::process::exit(child as i32 + 10);
        }
        let mut status = 0;
        // SAFETY: the child is ours to wait for.
        unsafe { libc::waitpid(process, &raw mut status, 0) };
        print(format_args!("ended with {}\n", libc::WEXITSTATUS(status)));
    }
}

/// What a child does: it resizes some of the blocks that it inherited, frees some, and goes on.
fn inherit(worker: &mut Worker) {
    for (at, block) in worker.held.iter_mut().enumerate() {
        block.known = false;
        if at % 3 == 0 {
            block.resize(at + 1);
        }
    }
    let half = worker.held.len() / 2;
    worker.held.truncate(half);
    worker.work(worker.rounds);
}
