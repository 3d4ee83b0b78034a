//! Extra credit: the van Emde Boas layout of a complete search tree.
//!
//! ```text
//!   breadth first   1 │ 2 3 │ 4 5 6 7 │ …          every level on other lines
//!   van Emde Boas   top half of the levels, then each bottom subtree, each laid out the same way
//! ```
//!
//! A tree of height h is cut at half its height: the top has h/2 levels (rounded down), the subtrees below
//! the rest. So a search touches O(log_B n) lines whatever the line size B is.
//!
//! Sources: M. Bender, E. Demaine and M. Farach-Colton, "Cache-oblivious B-trees", FOCS 2000; H. Prokop,
//! "Cache-oblivious algorithms", MIT 1999.

/// Where the node with breadth-first number `node` (the root is 1, children 2n and 2n+1) of a tree of
/// `height` levels lies, counted from 0. `height` is 1 to 32.
pub fn position(height: u32, node: u32) -> u32 {
    todo!("ps3.veb.position: where is node {node} in a tree of {height} levels?")
}

/// Lays out `sorted`, of 2^h - 1 keys, as a search tree.
pub fn lay_out(sorted: &[u64]) -> Vec<u64> {
    todo!("ps3.veb.lay_out: order {} keys", sorted.len())
}

/// The position of `key` in what [`lay_out`] gave, touching the keys from the root to it and no others:
/// `touch` is called with each position before it is read.
pub fn search(tree: &[u64], key: u64, touch: &mut dyn FnMut(usize)) -> Option<usize> {
    todo!("ps3.veb.search: find {key} among {} keys ({:p})", tree.len(), &raw const *touch)
}
