//! Extra credit: meshing, compaction without moving an address.
//!
//! ```text
//!   span a   │ ■ │ · │ · │ ■ │          their slots are disjoint:
//!   span b   │ · │ ■ │ · │ · │          one physical page can serve both virtual ones
//! ```
//!
//! Source: B. Powers, D. Tench, E. Berger and A. McGregor, "Mesh: compacting memory management for C/C++
//! applications", PLDI 2019 (section 3.2: SplitMesher).

/// The live slots of a span of up to 256, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Occupancy(pub [u64; 4]);

/// Whether two spans can share a page.
pub fn meshable(a: &Occupancy, b: &Occupancy) -> bool {
    todo!("ps3.meshing.meshable: do {a:?} and {b:?} use no slot in common?")
}

/// Pairs of meshable spans, each span in at most one, found with at most `probes` tests a span. The order
/// of `spans` carries no information; all randomness comes from `seed`.
pub fn find_meshes(spans: &[Occupancy], probes: usize, seed: u64) -> Vec<(usize, usize)> {
    todo!("ps3.meshing.find_meshes: pair up {} spans with {probes} probes each, seed {seed:#x}", spans.len())
}
