//! A flame graph that hangs: the outermost frame on top, what it calls below it.
//!
//! Boxes are placed by shares of the width, so the graph fits any screen. What is narrower than a hair is left
//! out; its parent is as wide as before.

use super::{escape, frame_name, percent};
use crate::profile::{Figures, Row};
use crate::quantity::{Bytes, Count};
use crate::report::{Symbols, Weight};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

/// The narrowest box, as a share of the whole.
const HAIR: f64 = 0.0005;
/// Frames below this depth are left out: a page can't be that long.
const DEEPEST: usize = 200;

/// A function as it was called from one path of others.
#[derive(Default)]
struct Node {
    weight: Weight,
    calls: BTreeMap<String, Node>,
}

pub fn write(
    title: &str,
    rows: &[Row<'_>],
    of: fn(&Figures) -> Weight,
    symbols: &dyn Symbols,
    out: &mut dyn Write,
) -> fmt::Result {
    let mut root = Node::default();
    let mut names: BTreeMap<usize, String> = BTreeMap::new();
    for row in rows {
        let weight = of(&row.figures);
        let mut node = &mut root;
        node.add(weight);
        for frame in row.stack.iter().rev().take(DEEPEST) {
            let name = names.entry(*frame).or_insert_with(|| frame_name(*frame, symbols));
            node = node.calls.entry(name.clone()).or_default();
            node.add(weight);
        }
    }
    if root.weight.bytes == 0 {
        return Ok(());
    }
    super::heading(title, out)?;
    let depth = root.depth(root.weight.bytes);
    writeln!(
        out,
        "<p>By bytes. A box is as wide as what its function and all that it called allocated; choose one to see it \
         closer.</p>\n<div class=\"flame\" style=\"height:{}em\">",
        depth as f64 * 1.5
    )?;
    let whole = Place { left: 0.0, width: 1.0, depth: 0 };
    root.draw("all", whole, root.weight.bytes, out)?;
    out.write_str("</div>\n")
}

/// Where a box is: shares of the whole width, and rows from the top.
#[derive(Clone, Copy)]
struct Place {
    left: f64,
    width: f64,
    depth: usize,
}

impl Node {
    fn add(&mut self, weight: Weight) {
        self.weight.bytes += weight.bytes;
        self.weight.blocks += weight.blocks;
    }

    fn share(&self, total: u64) -> f64 {
        self.weight.bytes as f64 / total as f64
    }

    /// Rows from here down.
    fn depth(&self, total: u64) -> usize {
        let calls = self.calls.values().filter(|node| node.share(total) >= HAIR);
        1 + calls.map(|node| node.depth(total)).max().unwrap_or(0)
    }

    fn draw(&self, name: &str, place: Place, total: u64, out: &mut dyn Write) -> fmt::Result {
        let Weight { blocks, bytes } = self.weight;
        let shown = escape(name);
        writeln!(
            out,
            "<button class=\"hue{}\" style=\"left:{:.3}%;width:{:.3}%;top:{:.1}em\" data-depth=\"{}\" title=\"{shown}: {} \
             in {} blocks, {}\"><bdi>{shown}</bdi></button>",
            name.bytes().fold(7_u8, |hue, byte| hue.wrapping_mul(31).wrapping_add(byte)) % 6,
            100.0 * place.left,
            100.0 * place.width,
            1.5 * place.depth as f64,
            place.depth,
            Bytes(bytes),
            Count(blocks),
            percent(self.share(total))
        )?;
        let mut left = place.left;
        for (name, node) in &self.calls {
            let width = node.share(total);
            if width >= HAIR {
                node.draw(name, Place { left, width, depth: place.depth + 1 }, total, out)?;
            }
            left += width;
        }
        Ok(())
    }
}
