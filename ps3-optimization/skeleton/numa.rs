//! A NUMA-aware allocator: blocks near their users, and frees that travel in batches.
//!
//! ```text
//!   node 0  arena ◄─ owner queue ◄──── batch of frees ─── worker on node 2
//!   node 1  arena ◄─ owner queue          (one message)
//!   a block goes back to the arena it came from, whoever frees it
//! ```
//!
//! Sources: C. Lameter, "NUMA: an overview", ACM Queue 2013; `set_mempolicy(2)`, `numa(7)`; D. Leijen et
//! al., "mimalloc: free list sharding in action", APLAS 2019 (the remote list); P. Liétar et al.,
//! "snmalloc", ISMM 2019 (batched returns).

use crate::{Node, Topology, Traffic};
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ptr::NonNull;
use heap_api::{AllocError, FreeError, Region};

/// Where a block should lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// On the worker's node; when that is full on the nearest that is not (of two alike, the lower).
    Local,
    /// On this node or not at all.
    Bind(Node),
    /// On the nodes in turn, per worker, starting from the worker's own; full ones are skipped.
    Interleave,
}

/// Blocks on their way home. Any thread pushes; the owner takes all at once.
///
/// It links the numbers below `blocks`, each in at most one queue and there once. Write it with
/// `heap_api::sync`: this is what is model checked.
#[derive(Debug)]
pub struct OwnerQueue {}

impl OwnerQueue {
    /// An empty queue for the numbers below `blocks`.
    pub fn new(blocks: u32) -> Self {
        todo!("ps3.numa.queue_new: links for {blocks} blocks")
    }

    /// Adds a batch, as one step for any observer.
    pub fn push(&self, batch: &[u32]) {
        todo!("ps3.numa.push: link {batch:?}, then publish all of it with one exchange")
    }

    /// Appends everything to `out`, in any order, and leaves the queue empty.
    pub fn take_all(&self, out: &mut Vec<u32>) {
        todo!("ps3.numa.take_all: detach the list and append it to room for {} blocks", out.capacity())
    }
}

/// One arena a node.
pub struct NumaHeap<'t> {
    /// Tells the traffic of messages.
    traffic: PhantomData<&'t dyn Traffic>,
}

impl<'t> NumaHeap<'t> {
    /// `arenas[n]` is node `n`'s memory.
    pub fn new(topology: Topology, arenas: Vec<Region>, traffic: &'t dyn Traffic) -> Self {
        todo!("ps3.numa.new: {} arenas on {topology:?}, tell {:p}", arenas.len(), &raw const *traffic)
    }

    /// A thread's way in, running on `node`. Many may exist for a node.
    pub fn worker(&self, node: Node) -> Worker<'_> {
        todo!("ps3.numa.worker: a worker on {node:?} {:?}", self.traffic)
    }

    /// The node that `block` lies on, from its address alone.
    pub fn node_of(&self, block: NonNull<u8>) -> Option<Node> {
        todo!("ps3.numa.node_of: whose arena is {block:?} in?")
    }
}

/// One thread's view of the heap.
pub struct Worker<'h> {
    /// Borrows the heap.
    heap: PhantomData<&'h ()>,
}

impl Worker<'_> {
    /// Hands out a block by `policy`.
    ///
    /// # Errors
    ///
    /// [`AllocError`] as in `RawAllocator::allocate`, once owner queues were emptied and none serves it.
    pub fn allocate(&mut self, layout: Layout, policy: Policy) -> Result<NonNull<[u8]>, AllocError> {
        todo!("ps3.numa.allocate: a block for {layout:?} by {policy:?} {:?}", self.heap)
    }

    /// Takes a block back, whichever worker and node it came from.
    ///
    /// # Errors
    ///
    /// [`FreeError::OutsideRegion`] for memory of no arena.
    ///
    /// # Safety
    ///
    /// `block` is live and came from this heap for `layout`.
    pub unsafe fn free(&mut self, block: NonNull<u8>, layout: Layout) -> Result<(), FreeError> {
        todo!("ps3.numa.free: {block:?} of {layout:?} goes to its owner, perhaps in a batch")
    }

    /// Sends what is waiting in batches now.
    pub fn flush(&mut self) {
        todo!("ps3.numa.flush: send every batch")
    }
}

impl Drop for Worker<'_> {
    /// Strands nothing: batches are sent, and what the worker kept for itself goes back to its arena.
    fn drop(&mut self) {
        todo!("ps3.numa.drop: flush and give back")
    }
}
