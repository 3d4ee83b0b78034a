//! Nodes, and how far they are from each other.

/// A NUMA node, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(pub u8);

/// A machine's nodes, with distances as in the ACPI SLIT: 10 is local.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// Row by row, `nodes * nodes` entries.
    distances: Vec<u8>,
    nodes: u8,
}

impl Topology {
    /// A ring of `nodes` nodes: 10 to itself, 16 to a neighbour, 6 more for each further hop.
    pub fn ring(nodes: u8) -> Self {
        let distance = |a: u8, b: u8| match a.abs_diff(b).min(nodes - a.abs_diff(b)) {
            0 => 10,
            hops => 10 + 6 * hops,
        };
        let distances = (0..nodes).flat_map(|a| (0..nodes).map(move |b| distance(a, b))).collect();
        Self { distances, nodes }
    }

    /// How many nodes there are.
    pub const fn nodes(&self) -> u8 {
        self.nodes
    }

    /// From one node to another.
    pub fn distance(&self, from: Node, to: Node) -> u8 {
        self.distances[usize::from(from.0) * usize::from(self.nodes) + usize::from(to.0)]
    }
}

/// Hears of what crosses between nodes. Shared by threads.
pub trait Traffic: Sync {
    /// `blocks` blocks are handed from a thread on `from` to their owner on `to`, as one message.
    fn message(&self, from: Node, to: Node, blocks: usize);
}
